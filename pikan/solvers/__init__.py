"""Solvers: from a problem to a network that solves it."""
