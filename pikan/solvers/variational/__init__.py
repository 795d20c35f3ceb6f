"""Minima of energies: Newton's method on integrals over cells."""
