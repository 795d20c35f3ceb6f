"""A run on the command line, from its first step to its files and its exit code."""

import shlex
import sys
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path

import typer
from rich.console import Console

from pikan.cli.errors import INTERRUPTED
from pikan.cli.exit_codes import MISSED, closing, exit_code
from pikan.cli.interrupt import drive, interruptible
from pikan.cli.output import Output
from pikan.cli.progress import display
from pikan.files.json_text import to_json
from pikan.report.table import show
from pikan.run import Progress, UnfinishedError
from pikan.solution import Solution
from pikan.spec.schema import Spec


def finish_run(
    steps: Generator[Progress, None, Solution],
    asked: Spec,
    title: str,
    folder: Path,
    output: Output,
    reasons: tuple[str, ...] = (),
) -> int:
    """The exit code of a run of a completed spec; what it came to is in a folder then.

    `reasons` are those of what was chosen for it.
    """
    goes_on = f"`pikan resume {shlex.quote(str(folder))}` goes on"
    with interruptible() as stop:
        try:
            with display(output != "all") as progress:
                solution = drive(steps, progress, stop)
        except UnfinishedError as error:
            typer.echo(f"{folder}: {error}; {goes_on}", err=True)
            return MISSED
        except KeyboardInterrupt:
            if not stop.is_set():
                raise
            typer.echo(f"{folder}: interrupted before there was any solution; {goes_on}", err=True)
            return INTERRUPTED
        command = shlex.join(["pikan", *sys.argv[1:]])
        solution = replace(
            solution, report=replace(solution.report, command=command, reasons=reasons)
        )
        # The table comes before the figures, which take longer to draw than many a solution.
        if output == "all":
            show(Console(), solution.report, title)
        try:
            solution.save(folder, replace=True)
        except OSError:
            if solution.checkpoint is not None:
                typer.echo(goes_on, err=True)
            raise
    code = exit_code(solution.report, asked)
    if output == "json":
        typer.echo(to_json(solution.report, indent=2), nl=False)
        return code
    typer.echo(closing(solution.report, code, folder))
    if solution.checkpoint is not None:
        typer.echo(goes_on)
    return code


def finish_member(member: Solution, folder: Path, at: Mapping[str, str], output: Output) -> None:
    """Leave a member of a family in a folder beside the family's, and say so."""
    named = ",".join(f"{name}={value}" for name, value in at.items()).replace("/", "over")
    place = folder.with_name(f"{folder.name}-{named}")
    if output == "all":
        show(Console(), member.report, member.problem.title)
    member.save(place)
    if output != "json":
        typer.echo(f"the member at {', '.join(f'{k} = {v}' for k, v in at.items())}; see {place}")
