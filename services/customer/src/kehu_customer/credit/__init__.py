"""Credit of a customer: where it stands, whether it may take on more, whether it is blocked."""
