"""Contacts: the people we talk to at a customer."""
