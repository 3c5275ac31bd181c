"""Products: what we offer, with its list price."""
