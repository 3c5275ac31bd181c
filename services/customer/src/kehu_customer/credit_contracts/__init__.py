"""What contracts of sales take of the credit, by the events of sales (C9)."""
