"""Reporting opportunities: the channel that is open to every employee (4 §5.5, L2894)."""
