"""Symbolic regression: from edges to functions, formulas and their errors."""
