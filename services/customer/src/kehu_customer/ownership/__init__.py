"""Ownership: who looks after a customer, and who did before (C4)."""
