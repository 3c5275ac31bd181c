"""Facts: the present and past state of what the other services publish, folded from events."""
