"""Pictures on a terminal: what it can show, and how they are sent."""
