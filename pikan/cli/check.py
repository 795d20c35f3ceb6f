"""`pikan check`: what a file says, what pikan would choose, whether the exact solution fits."""

import json
import re
from pathlib import Path

import typer

from pikan.cli.errors import FAULTY
from pikan.expression.tree import Expression, fold, text
from pikan.planning.planner import complete
from pikan.problem.statement import Problem
from pikan.problem.wellposed.notes import notes
from pikan.spec.faults import SpecError
from pikan.spec.formulas import problem as stated_problem
from pikan.spec.reader import read_spec
from pikan.spec.solutions import check_exact


def check_file(file: Path) -> None:
    """Print the problem and the choices; SpecError where the exact solution does not fit."""
    spec = read_spec(file)
    problem = stated_problem(spec)
    _, reasons = complete(spec, problem)
    for line in (*description(problem, spec.equations), *reasons, *remarks(problem)):
        typer.echo(line)
    found = check_exact(problem, spec.origin)
    if found:
        labels = ", ".join(finding.label for finding in found)
        largest = max(finding.relative for finding in found)
        typer.echo(f"the exact solution satisfies {labels} (relative residual {largest:.0e})")
    typer.echo(f"{file}: no faults")


def check_as_json(file: Path) -> int:
    """Print the same as JSON, the faults among it; the exit code."""
    try:
        spec = read_spec(file)
        problem = stated_problem(spec)
        _, reasons = complete(spec, problem)
        check_exact(problem, spec.origin)
    except SpecError as error:
        typer.echo(faults_json(file, error))
        return FAULTY
    said = {
        "file": str(file),
        "faults": [],
        "problem": spec.name,
        "statement": description(problem, spec.equations),
        "reasons": list(reasons),
        "notes": list(notes(problem)),
    }
    typer.echo(json.dumps(said, indent=2, ensure_ascii=False))
    return 0


def faults_json(file: Path, error: SpecError) -> str:
    """The faults of a file as JSON."""
    faults = [
        {"line": one.place.line, "key": one.place.key, "message": one.message}
        for one in error.faults
    ]
    return json.dumps({"file": str(file), "faults": faults}, indent=2)


def remarks(problem: Problem) -> list[str]:
    """What is good to know of a problem, a line each."""
    return [f"note: {remark}" for remark in notes(problem)]


def description(problem: Problem, equations: tuple[str, ...]) -> list[str]:
    """The problem as pikan understands it, a line each; the equations as they were written."""
    box = problem.box
    ranges = zip(box.coordinates, box.lower, box.upper, strict=True)
    domain = ", ".join(f"{name} in [{low:g}, {high:g}]" for name, low, high in ranges)
    if problem.energy is not None:
        equations = tuple(f"{text(fold(one.residual))} = 0" for one in problem.equations)
    pairs = zip(problem.equations, equations, strict=True)
    stated = [f"  {one.label}: {written}" for one, written in pairs]
    held = [f"  {one.label}: {text(fold(one.residual))} = 0" for one in problem.conditions]
    held += [f"  {one.label}: {_side_text(one.residual)} = 0" for one in problem.interfaces]
    repeated = [f"  {one.label}" for one in problem.periodic]
    minimized = list[str]()
    if problem.energy is not None:
        # The equations and natural conditions below follow from it.
        minimized = [f"  energy: {text(fold(problem.energy.density))}"]
        for one in problem.energy.on_faces:
            minimized.append(f"  energy on {one.label}: {text(fold(one.residual))}")
    wanted = [
        f"  {one.name}: {one.kind} of {text(fold(one.formula.residual))} over {one.formula.label}"
        for one in problem.functionals
    ]
    return [f"{problem.title}: {domain}", *minimized, *stated, *held, *repeated, *wanted]


def _side_text(residual: Expression) -> str:
    """A formula on an interface, with `u(inside)` for what is seen from a side."""
    return re.sub(r"(\w+) (inside|outside)\b", r"\1(\2)", text(fold(residual)))
