"""Truncated Taylor arithmetic, and its kernels for automatic differentiation."""
