"""Measurements, as ratios: `python -m bench`."""
