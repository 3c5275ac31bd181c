"""Opportunities that nobody turns to: warned of, and back to the reserve pool (peers 3B)."""
