"""Fixtures and helpers for the tests of every service (a pytest plugin, see `plugin`)."""
