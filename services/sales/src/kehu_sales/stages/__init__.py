"""Leaving stages: the gate, the way back, another version of the method, and what is overdue."""
