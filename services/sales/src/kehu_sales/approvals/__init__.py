"""Approvals: one capability for every kind of document that somebody has to agree to."""
