"""A server to practise on."""
