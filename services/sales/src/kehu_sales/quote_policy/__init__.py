"""What a tenant has decided about quotes: who may give how much off, and when a price is told."""
