"""Custom fields: what a tenant records of its customers beyond our own fields (C11)."""
