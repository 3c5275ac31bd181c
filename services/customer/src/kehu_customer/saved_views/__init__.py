"""Saved views: filters, order and columns of the customer list under a name (C15)."""
