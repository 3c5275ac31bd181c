"""Credit reservations: what documents, such as contracts, take of the credit until it is paid."""
