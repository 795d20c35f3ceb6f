"""`pikan formula`: the solution of a finished run as a formula, with its error."""

from pathlib import Path

import typer

from pikan.cli.errors import refuse
from pikan.cli.exit_codes import MISSED, SOLVED
from pikan.cli.load import load_run


def formula_folder(folder: Path, tolerance: float) -> int:
    """The exit code of looking for formulas of the unknowns of the run in a folder."""
    if not 0 < tolerance < 1:
        refuse(f"--tolerance: got {tolerance}, needs a relative error between 0 and 1")
    solution = load_run(folder)
    if solution.end is not None:
        typer.echo(f"{folder}: solved until t = {solution.end:.6g}, and so far goes the formula")
    found = solution.formula(tolerance)
    for line in found.lines():
        typer.echo(line)
    return SOLVED if found.found else MISSED
