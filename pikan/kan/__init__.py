"""`pikan.KAN`: a KAN in pykan's vocabulary."""
