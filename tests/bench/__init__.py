"""How fast the system is, each figure beside a floor that does the same work in the simplest way.

`make bench` prints the table; `CONTRIBUTING.md` says how to choose and compare. Nothing in here is
shipped.
"""
