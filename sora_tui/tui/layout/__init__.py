"""Which pane is where."""
