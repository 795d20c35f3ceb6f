"""Runs that are killed, and what they come to when they are resumed."""
