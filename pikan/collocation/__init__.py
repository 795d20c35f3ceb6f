"""From a network and the formulas that must vanish to r(theta) and its Jacobian."""
