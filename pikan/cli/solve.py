"""`pikan solve`: a problem file from its first line to its exit code."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import typer

from pikan.choice import complete
from pikan.cli.check import remarks
from pikan.cli.imports import uncollected
from pikan.cli.sentences import refuse
from pikan.consistency import check_exact
from pikan.report.claim import claimed
from pikan.spec.formulas import problem as stated_problem
from pikan.spec.reader import read


def solve_file(file: Path, changes: Mapping[str, str], out: Path | None, quiet: bool) -> int:
    """The exit code of solving the problem in a file; its results are in a folder then."""
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
        from pikan.archive.checkpoint import set_aside
        from pikan.archive.file import FILE
        from pikan.cli.conclusion import concluded

    try:
        build.device(chosen)
    except build.DeviceError as error:
        refuse(f"{file}: {error}")
    folder = Path("results") / spec.name if out is None else out
    if folder.exists() and not folder.is_dir():
        refuse(f"{folder}: this is a file; name a folder for the results")
    with made(folder), claimed(folder):
        if (aside := set_aside(folder / FILE)) is not None:
            typer.echo(
                f"{folder}: an interrupted run was here, which is now {aside}; to go on with it "
                f"rename it to {FILE} in a folder of its own and use `pikan resume`"
            )
        return concluded(run.solve(chosen, problem, folder), chosen, problem.title, folder, quiet)


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
