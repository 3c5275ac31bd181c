"""Hand-overs: the requests of a leaver go to the successor the customer service names."""
