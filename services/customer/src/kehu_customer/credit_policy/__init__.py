"""Credit policy: the numbers a credit department works with; the texts' where it has none."""
