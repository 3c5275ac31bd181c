"""Sources of facts: where what we know of a customer comes from (C2)."""
