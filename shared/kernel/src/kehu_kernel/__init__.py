"""The plumbing every service calls: database, HTTP edge, events. No business words."""
