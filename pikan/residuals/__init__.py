"""Residual terms on points, their evaluation, and the objective they make."""
