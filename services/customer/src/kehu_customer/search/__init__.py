"""Search: one box that finds customers and contacts, however they are written (C15)."""
