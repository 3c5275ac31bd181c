"""Prices: one answer to what a customer pays for a product, in a quantity, on a day."""
