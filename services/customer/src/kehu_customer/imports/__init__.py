"""Imports: files of customers become records, as one job that can be checked, paused and undone."""
