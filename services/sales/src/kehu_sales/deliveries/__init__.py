"""Deliveries of projects (交付): what reached the customer; it makes product files elsewhere."""
