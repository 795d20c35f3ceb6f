"""A run in one HDF5 file: what it has come to, and what it goes on from."""
