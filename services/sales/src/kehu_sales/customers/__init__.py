"""What sales knows of customers: a copy, kept from the events of the customer service."""
