"""Piecewise polynomials on cells: spectral elements, hp-refinement, stiffly accurate time steps."""
