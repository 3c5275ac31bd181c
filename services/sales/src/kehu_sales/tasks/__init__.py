"""Tasks: what is to be done for an opportunity, by whom and by when."""
