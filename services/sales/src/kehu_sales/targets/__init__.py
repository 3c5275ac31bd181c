"""Sales targets: what a person or a department is to win in a period (S12)."""
