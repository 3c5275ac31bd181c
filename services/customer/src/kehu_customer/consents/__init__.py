"""Consents: what a person agreed to be contacted for, and the proof of it (C12)."""
