"""What this service knows of customers: a local copy, kept by the customer service's events."""
