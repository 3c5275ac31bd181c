"""What sales knows of customers' credit, and whether a contract on account fits into it."""
