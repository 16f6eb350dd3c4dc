"""Talks to servers: requests, answers, and what differs between servers."""
