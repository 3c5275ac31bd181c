"""Profiles: what the archive of a kind of customers asks for, section by section (C2)."""
