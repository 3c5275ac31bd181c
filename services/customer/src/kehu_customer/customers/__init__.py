"""Customers: organisations and persons, from prospect to trade customer to former."""
