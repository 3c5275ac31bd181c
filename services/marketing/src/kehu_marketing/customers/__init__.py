"""The local copy of the customers: what a lead needs to know of them, kept up by events."""
