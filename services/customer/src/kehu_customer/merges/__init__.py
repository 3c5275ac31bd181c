"""Merges: several records of one customer become one, and that can be undone (C5)."""
