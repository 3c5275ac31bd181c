"""What a tenant has decided about the ages of receivables."""
