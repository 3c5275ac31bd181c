"""Hand-overs: everything that a leaver looks after goes to successors, as one job (C4)."""
