"""Files: atomic writes, locks, and arrays out of files from strangers."""
