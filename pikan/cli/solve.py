"""`pikan solve`: a problem file from its first line to its exit code."""

from collections.abc import Mapping
from pathlib import Path

import typer

from pikan.choice import complete
from pikan.cli.check import remarks
from pikan.cli.imports import uncollected
from pikan.cli.sentences import refuse
from pikan.consistency import check_exact
from pikan.spec.formulas import problem as stated_problem
from pikan.spec.reader import read


def solve_file(
    file: Path, changes: Mapping[str, str], out: Path | None, force: bool, quiet: bool
) -> int:
    """The exit code of solving the problem in a file; its results are in a folder then.

    With `force` they replace whatever result is there.
    """
    spec = read(file, changes)
    problem = stated_problem(spec)
    chosen, reasons = complete(spec, problem)
    check_exact(problem, spec.origin)
    if not quiet:
        for line in (*reasons, *remarks(problem)):
            typer.echo(line)
    # These import torch, which is worth its time only when the file is known to be sound.
    with uncollected():
        from pikan import build, run
        from pikan.cli.conclusion import concluded
        from pikan.cli.room import room
        from pikan.solution import kept_data

    try:
        build.device(chosen)
    except build.DeviceError as error:
        refuse(f"{file}: {error}")
    folder = Path("results") / spec.name if out is None else out
    with room(folder, run.resolved(chosen, problem), kept_data(problem, folder), force):
        return concluded(run.solve(chosen, problem, folder), chosen, problem.title, folder, quiet)
