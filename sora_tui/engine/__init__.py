"""Moves jobs: sends, polls, downloads and recovers them."""
