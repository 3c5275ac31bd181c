"""Visits: planned, approved, checked in, done, reported, closed (S5; 4 §2)."""
