"""Quotes: what we offer for an opportunity."""
