"""Optimizers: stages that lower an objective and see nothing else."""
