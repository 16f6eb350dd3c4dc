"""Modal screens with a typed result."""
