"""Customer values: the score, the grade, the pyramid."""
