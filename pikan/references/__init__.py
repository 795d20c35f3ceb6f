"""Solutions known beforehand: formulas, the Cole-Hopf solution, data files."""
