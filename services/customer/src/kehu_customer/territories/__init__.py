"""Territories: the sales areas our employees cover."""
