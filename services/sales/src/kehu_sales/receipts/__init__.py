"""Receipts (收款): money that came in, and which instalments of contracts it pays (S10)."""
