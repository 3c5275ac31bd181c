"""Hand-overs: the leads of a leaver go to the successor the customer service names."""
