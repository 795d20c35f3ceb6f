"""Rough problems with their solutions, to measure errors, estimates and times on."""
