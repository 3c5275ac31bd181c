"""The public pool (公海): customers nobody looks after, to be claimed and to be returned (C4)."""
