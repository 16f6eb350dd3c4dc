"""Colours and text styles."""
