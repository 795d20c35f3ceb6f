"""Formats of data files, one module each; the reading is done in a process of its own."""
