"""The marketing service: leads, and how they become customers and opportunities."""
