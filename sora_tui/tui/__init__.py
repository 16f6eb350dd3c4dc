"""The face on a terminal."""
