"""Classifications: which customer is in which class, since when, and why (C8)."""
