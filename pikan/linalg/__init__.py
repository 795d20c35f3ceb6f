"""Linear algebra: Jacobian operators, least squares, tensor-product solvers."""
