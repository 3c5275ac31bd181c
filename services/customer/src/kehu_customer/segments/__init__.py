"""Segments: groups of customers, kept by a rule or by hand (feature row C7)."""
