"""`pikan solve`: a problem file from its first line to its exit code."""

from collections.abc import Mapping
from pathlib import Path

import typer

from pikan.cli.check import remarks
from pikan.cli.errors import refuse
from pikan.cli.operator import solve_operator_file
from pikan.cli.output import Output
from pikan.cli.startup import without_garbage_collection
from pikan.expression.error import FormulaError
from pikan.expression.wording import word_list
from pikan.planning.planner import complete
from pikan.problem.statement import Problem
from pikan.spec.constants import Constants
from pikan.spec.formulas import problem as stated_problem
from pikan.spec.operators import is_operator_file
from pikan.spec.reader import read_spec
from pikan.spec.solutions import check_exact


def solve_file(
    file: Path,
    changes: Mapping[str, str],
    out: Path | None,
    force: bool,
    output: Output,
    at: Mapping[str, str],
) -> int:
    """The exit code of solving the problem in a file; its results are in a folder then.

    With `force` they replace whatever result is there. With values `at` of its parameters, a
    family that has been solved before is taken from the folder, and the member beside it.
    """
    if is_operator_file(file):
        if at:
            refuse("--at: an operator has no parameters; pikan.load gives it back for any input")
        return solve_operator_file(file, changes, out, force, output)
    spec = read_spec(file, changes)
    problem = stated_problem(spec)
    values = parameter_values(problem, at) if at else {}
    chosen, reasons = complete(spec, problem)
    check_exact(problem, spec.origin)
    if output == "all":
        for line in (*reasons, *remarks(problem)):
            typer.echo(line)
    # These import torch, which is worth its time only when the file is known to be sound.
    with without_garbage_collection():
        from pikan import network_factory, results, run
        from pikan.cli.exit_codes import MISSED, SOLVED, exit_code
        from pikan.cli.finish import finish_member, finish_run
        from pikan.cli.load import load_run
        from pikan.cli.room import room
        from pikan.storage.data_files import kept_data
        from pikan.storage.folder import Content, content

    try:
        network_factory.device(chosen)
    except network_factory.DeviceError as error:
        refuse(f"{file}: {error}")
    folder = Path("results") / spec.name if out is None else out
    text, data = results.resolved_text(chosen, problem), kept_data(problem, folder)
    solved = (
        content(folder, text, data) == Content("a result", same=True) and bool(at) and not force
    )
    code = SOLVED
    if not solved:
        with room(folder, text, data, force):
            steps = run.solve(chosen, problem, folder)
            code = finish_run(steps, chosen, problem.title, folder, output, reasons)
    if at and code in (SOLVED, MISSED):
        family = load_run(folder)
        code = exit_code(family.report, chosen)
        finish_member(family.at(**values), folder, at, output)
    return code


def parameter_values(problem: Problem, at: Mapping[str, str]) -> Mapping[str, float]:
    """The values given for all parameters; where they are at fault, the command ends with why."""
    known = {one.name: one for one in problem.parameters}
    if at.keys() != known.keys():
        needs = word_list(f"--at {name}=..." for name in known) if known else "no --at"
        refuse(f"--at: got {word_list(at)}, needs {needs}, as the file has its parameters")
    values: dict[str, float] = {}
    for name, written in at.items():
        try:
            values[name] = Constants(problem.constants).value(written)
        except FormulaError as error:
            refuse(f"--at {name}={written}: {error}")
        one = known[name]
        if not one.lower <= values[name] <= one.upper:
            refuse(f"--at {name}={written}: needs a value from {one.lower:g} to {one.upper:g}")
    return values
