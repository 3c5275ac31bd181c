"""What a tenant has decided about checking contracts by the customer's credit."""
