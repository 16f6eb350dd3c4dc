"""What the user configured, as one `Settings` value."""
