"""Affiliations: which person works for which customer, from when to when."""
