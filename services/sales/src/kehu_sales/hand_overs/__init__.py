"""Hand-overs: what a leaver holds in sales goes to the successors the customer service names."""
