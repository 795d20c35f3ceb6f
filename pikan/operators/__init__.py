"""Maps between functions, learned from pairs of arrays."""
