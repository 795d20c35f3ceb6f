"""Spectral solvers: p-refinement of tensor-product expansions."""
