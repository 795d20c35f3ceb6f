"""`pikan solve`: a problem file from its first line to its exit code."""

from collections.abc import Mapping
from pathlib import Path

import typer

from pikan.cli.check import remarks
from pikan.cli.errors import refuse
from pikan.cli.output import Output
from pikan.cli.startup import without_garbage_collection
from pikan.planner import complete
from pikan.spec.formulas import problem as stated_problem
from pikan.spec.reader import read_spec
from pikan.spec.solutions import check_exact


def solve_file(
    file: Path, changes: Mapping[str, str], out: Path | None, force: bool, output: Output
) -> int:
    """The exit code of solving the problem in a file; its results are in a folder then.

    With `force` they replace whatever result is there.
    """
    spec = read_spec(file, changes)
    problem = stated_problem(spec)
    chosen, reasons = complete(spec, problem)
    check_exact(problem, spec.origin)
    if output == "all":
        for line in (*reasons, *remarks(problem)):
            typer.echo(line)
    # These import torch, which is worth its time only when the file is known to be sound.
    with without_garbage_collection():
        from pikan import factory, run
        from pikan.cli.finish import finish_run
        from pikan.cli.room import room
        from pikan.solution import kept_data

    try:
        factory.device(chosen)
    except factory.DeviceError as error:
        refuse(f"{file}: {error}")
    folder = Path("results") / spec.name if out is None else out
    with room(folder, run.resolved_text(chosen, problem), kept_data(problem, folder), force):
        steps = run.solve(chosen, problem, folder)
        return finish_run(steps, chosen, problem.title, folder, output, reasons)
