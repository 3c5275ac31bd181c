"""Why opportunities are won and lost: the tenant's own list, and what it adds up to (1.3; S9)."""
