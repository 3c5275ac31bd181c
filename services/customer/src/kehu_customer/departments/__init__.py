"""Departments: how the company itself is organised, as a tree."""
