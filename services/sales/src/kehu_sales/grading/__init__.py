"""Grading opportunities: eight indicators, weights by AHP, three levels (4 §5.6; S4)."""
