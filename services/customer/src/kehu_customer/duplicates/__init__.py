"""Duplicates: who might be the same customer, found before and after one is entered (C5)."""
