"""Solutions for all values of parameters: interpolation between solved members."""
