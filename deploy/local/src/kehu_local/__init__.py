"""Runs the whole of Kehu on one machine, for development and tests. Never used in production."""
