"""`pikan solve`: a problem file from its first line to its exit code."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console

from pikan.choice import complete
from pikan.cli.ending import closing, exit_code
from pikan.cli.imports import uncollected
from pikan.cli.interrupt import drive, interruptible
from pikan.cli.sentences import refuse
from pikan.consistency import check_exact
from pikan.report.table import show
from pikan.spec.formulas import problem as stated_problem
from pikan.spec.notes import notes
from pikan.spec.reader import read


def solve_file(file: Path, changes: Mapping[str, str], out: Path | None, quiet: bool) -> int:
    """The exit code of solving the problem in a file; its results are in a folder then."""
    spec = read(file, changes)
    problem = stated_problem(spec)
    chosen, reasons = complete(spec, problem)
    check_exact(problem, spec.origin)
    if not quiet:
        for line in (*reasons, *(f"note: {remark}" for remark in notes(problem))):
            typer.echo(line)
    # These import torch, which is worth its time only when the file is known to be sound.
    with uncollected():
        from pikan import build, run
        from pikan.cli.live import display

    try:
        build.device(chosen)
    except build.DeviceError as error:
        refuse(f"{file}: {error}")
    folder = Path("results") / spec.name if out is None else out
    if folder.is_file():
        refuse(f"{folder}: this is a file; name a folder for the results")
    with made(folder), interruptible() as asked:
        with display(quiet) as progress:
            solution = drive(run.solve(chosen, problem), progress, asked)
        # The table comes before the figures, which take longer to draw than many a solution.
        if not quiet:
            show(Console(), solution.report, problem.title)
        solution.save(folder)
    code = exit_code(solution.report, chosen)
    typer.echo(closing(solution.report, code, folder))
    return code


@contextmanager
def made(folder: Path) -> Generator[None, None, None]:
    """A folder is there while the block runs; after a failure all that was made for it goes again.

    What is not empty by then stays.
    """
    new = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for place in new:
            if not any(place.iterdir()):
                place.rmdir()
        raise
