"""Many coordinates: sparse polynomials and low-rank expansions."""
