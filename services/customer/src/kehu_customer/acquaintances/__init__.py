"""Acquaintances: which of us knows whom, and how well."""
