"""Erasures: a person goes from all services, the figures stay (C12)."""
