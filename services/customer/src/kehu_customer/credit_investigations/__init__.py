"""Credit investigations: the task to find out about a customer (again), when a report expires."""
