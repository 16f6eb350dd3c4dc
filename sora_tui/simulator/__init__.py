"""A practice server that speaks the Videos API and charges nothing."""
