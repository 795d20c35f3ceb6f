"""Parameter sweeps: many runs of one problem, a table, power laws."""
