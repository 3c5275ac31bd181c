"""Price lists (价目表): prices agreed with a customer, or with a group of customers."""
