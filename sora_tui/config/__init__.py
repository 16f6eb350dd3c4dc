"""What the user chose: one Settings value."""
