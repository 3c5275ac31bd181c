"""Forecasts: what the opportunities in progress will bring, month by month (S12)."""
