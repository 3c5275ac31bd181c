"""Advice on quoting: which price a customer's traits ask for, and how to tell it."""
