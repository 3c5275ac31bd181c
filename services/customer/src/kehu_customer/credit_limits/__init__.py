"""Credit limits: one of a year for a whole group, granted, adjusted, with the whole history."""
