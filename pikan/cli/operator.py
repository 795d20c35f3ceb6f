"""`pikan solve` and `pikan check` for operator files."""

import json
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pikan.cli.check import description, faults_json
from pikan.cli.errors import FAULTY, refuse
from pikan.cli.output import Output
from pikan.cli.startup import without_garbage_collection
from pikan.spec.faults import SpecError
from pikan.spec.operators import OperatorStatement, read_operator

if TYPE_CHECKING:
    # The whole name, by which checks at run time find it.
    import pikan.operator_files.run


def statement_lines(stated: OperatorStatement) -> list[str]:
    """What is taken to what, and where the pairs come from, a line each."""
    settings = stated.settings
    names, data = settings.operator, settings.data
    to = f"operator from {names.input}"
    if data is not None:
        counts = f"{data.train} pairs of {data.file} are fitted, {data.test} others compared"
        return [f"{to} to {names.output}: {counts}"]
    assert stated.problem is not None
    assert stated.spec is not None
    law = settings.inputs[names.input]
    field = f"length {law.gaussian.length:g} and amplitude {law.gaussian.amplitude:g}"
    counts = f"{law.samples} pairs to fit, {law.test} others to compare with"
    said = f"{to}({stated.over}) to {names.output}: a Gaussian random field of {field}, {counts}"
    return [*description(stated.problem, stated.spec.equations), said]


def check_operator_file(file: Path, as_json: bool) -> int:
    """Print what an operator file states, or its faults as JSON; the exit code."""
    try:
        lines = statement_lines(read_operator(file))
    except SpecError as error:
        if not as_json:
            raise
        typer.echo(faults_json(file, error))
        return FAULTY
    if as_json:
        said = {"file": str(file), "faults": [], "statement": lines}
        typer.echo(json.dumps(said, indent=2, ensure_ascii=False))
        return 0
    for line in (*lines, f"{file}: no faults"):
        typer.echo(line)
    return 0


def solve_operator_file(
    file: Path, changes: Mapping[str, str], out: Path | None, force: bool, output: Output
) -> int:
    """The exit code of fitting the operator of a file; it is in a folder then."""
    stated = read_operator(file, changes)
    if output == "all":
        for line in statement_lines(stated):
            typer.echo(line)
    with without_garbage_collection():
        from pikan.cli.exit_codes import SOLVED
        from pikan.cli.room import room
        from pikan.files.json_text import to_json
        from pikan.operator_files.kept import kept_pairs
        from pikan.operator_files.run import learn
        from pikan.operator_files.solves import SampleError
        from pikan.operators.operator import OperatorError
    folder = Path("results") / stated.settings.name if out is None else out
    known = None if force else kept_pairs(folder, stated)
    if known is not None:
        said = f"{folder}: goes on with {len(known.results)} problems that have been solved"
        typer.echo(said, err=True)
    with room(folder, stated.text, {}, force, goes_on=known is not None):
        try:
            made = _to_end(learn(stated, folder), output)
        except (OperatorError, SampleError) as error:
            refuse(f"{file}: {error}")
        made.save(folder)
    if output == "json":
        typer.echo(to_json(made.report, indent=2), nl=False)
        return SOLVED
    if output == "all":
        typer.echo(str(made.report))
    typer.echo(f"fitted: mean test error {made.report.test.mean:.1e}; see {folder}")
    return SOLVED


def _to_end(
    steps: "Generator[tuple[int, int], None, pikan.operator_files.run.OperatorRun]", output: Output
) -> "pikan.operator_files.run.OperatorRun":
    """What the steps come to; every tenth of the problems is told."""
    told = 0
    try:
        while True:
            done, count = next(steps)
            if 10 * done // count > told and output == "all":
                told = 10 * done // count
                typer.echo(f"{done} of {count} problems solved", err=True)
    except StopIteration as end:
        return end.value
    except KeyboardInterrupt as interrupt:
        # Where it came between two problems, what there is has not been kept yet.
        if not str(interrupt):
            steps.throw(KeyboardInterrupt())
        raise
