"""Employees: our own people, who look after customers."""
