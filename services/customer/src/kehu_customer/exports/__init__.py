"""Exports: customers as a file, streamed."""
