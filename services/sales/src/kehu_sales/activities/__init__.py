"""Activities: visits, calls and other contacts, recorded where they took place."""
