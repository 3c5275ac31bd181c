"""Competitors: audited files, who takes part where, comparison sheets, win rates (1.2; S9)."""
