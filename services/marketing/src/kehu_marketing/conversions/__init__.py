"""Conversion: a lead becomes a customer, a contact and an opportunity, step by step (a saga)."""
