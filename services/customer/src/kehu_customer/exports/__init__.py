"""Exports: customers and contacts as files, streamed."""
