"""Reminders: events about visits and tasks that begin soon, are due, or wait for their report."""
