"""The customer service: the master record of every customer, contact and colleague."""
