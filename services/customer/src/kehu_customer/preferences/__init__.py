"""Preferences: what a tenant has decided for the whole customer service."""
