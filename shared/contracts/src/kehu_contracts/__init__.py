"""What the services of Kehu agree on: events, topics, envelope and access rights.

Depends on pydantic only, so that anything may read it. `topics` is the place to start.
"""
