"""Practice clips, drawn for the simulator."""
