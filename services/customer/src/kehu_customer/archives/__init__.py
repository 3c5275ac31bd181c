"""Archives: what is known of a customer, from where, how surely, how completely (C2)."""
