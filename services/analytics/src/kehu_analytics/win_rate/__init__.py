"""Win rates: what became of closed opportunities, and how long they took."""
