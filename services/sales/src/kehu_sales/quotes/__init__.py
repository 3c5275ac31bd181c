"""Quotes: what we offer, from the first draft to the customer's answer."""
