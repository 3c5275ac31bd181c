"""What a tenant has decided about contracts in force: how long before their end it is told."""
