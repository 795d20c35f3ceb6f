"""A run in one HDF5 file: its result, its checkpoint and its replay log."""
