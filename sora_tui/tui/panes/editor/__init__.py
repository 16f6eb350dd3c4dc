"""The prompt, its settings and its price."""
