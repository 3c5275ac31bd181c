"""Data exports: everything this service holds about a person, for the person (C12)."""
