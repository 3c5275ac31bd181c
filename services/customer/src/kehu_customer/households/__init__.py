"""Households: persons who live and decide together."""
