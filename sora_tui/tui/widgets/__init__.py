"""Widgets that could stand in any other app."""
