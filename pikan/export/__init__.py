"""Export of a solution: values on grids, files of other programs, networks of other runtimes."""
