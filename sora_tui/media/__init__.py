"""Pixels: inspect, fit, probe."""
