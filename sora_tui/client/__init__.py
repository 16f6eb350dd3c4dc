"""How a server is spoken to."""
