"""What happens to a job over time."""
