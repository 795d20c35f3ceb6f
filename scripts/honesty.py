"""Measure how honest pikan's estimates are, on random problems with known solutions.

    python scripts/honesty.py --count 210 --seed 0
    python scripts/honesty.py --rough --count 160
    python scripts/honesty.py --narrow --count 300 --limit 5
    python scripts/honesty.py --shipped --limit 600
    python scripts/honesty.py --text 17

Every problem is the text of a problem file, with an accuracy drawn between 1e-4 and 1e-12. It is
solved without its solution, which pikan would otherwise hold against itself. A run counts with its
true error, the relative L2 error of the worst unknown on points that it was never fitted to, beside
the estimate and the outcome that pikan gave it. A run that is there already is not done again, so
the script may be stopped and started at will; runs of another seed, and those of the shipped
problems, are added to those in the file, and the figure shows all. `--text` prints a problem
instead, to look at or to solve by hand.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict

import numpy as np

import pikan
from drawn.figure import drawn
from drawn.narrow import narrow
from drawn.problems import Manufactured, manufactured
from drawn.rough import rough
from pikan.evaluation import evaluation
from pikan.optimize.outcome import Alternative
from pikan.problem.statement import Problem
from pikan.references.formula import FormulaSolution
from pikan.report.errors import errors
from pikan.run import UnfinishedError
from pikan.solvers.time_slab import solved_part
from pikan.spec import reader
from pikan.spec.formulas import problem
from pikan.spec.schema import Spec

# What an estimate must hold: the error is below `TOO_LOW` times it in at least so many runs, and
# it is below `TOO_HIGH` times the error in so many.
TOO_LOW, TOO_HIGH = 10.0, 100.0
_LOW_SHARE, _HIGH_SHARE = 0.95, 0.80
# Values that differ by less than this part of a solution's size are those of the same one.
_SAME = 0.02


class Row(TypedDict):
    """One run; what ended it where that was an exception."""

    name: str
    kind: str
    character: str
    accuracy: float | None
    outcome: str
    error: float | None
    against: str | None
    estimate: float | None
    parameters: int | None
    seconds: float
    message: str


class Task(NamedTuple):
    """A problem to be solved, with what is known of it before."""

    name: str
    kind: str
    character: str
    spec: Spec


def run(task: Task) -> Row:
    """A problem solved by pikan's own choice, in numbers."""
    began = time.perf_counter()
    row = Row(
        name=task.name,
        kind=task.kind,
        character=task.character,
        accuracy=task.spec.accuracy,
        outcome="exception",
        error=None,
        against=None,
        estimate=None,
        parameters=None,
        seconds=0.0,
        message="",
    )
    try:
        # pikan is not told the solution, which it would hold against itself.
        solution = pikan.solve(task.spec.model_copy(update={"exact": None, "reference": None}))
        part = solved_part(problem(task.spec), solution.network)
        found = errors(part, evaluation(part, solution.network))
    except UnfinishedError as late:
        row["outcome"], row["message"] = "out of budget", str(late)
    except Exception as error:  # noqa: BLE001 - that there is none is what is measured
        row["message"] = f"{type(error).__name__}: {error}"
    else:
        report = solution.report
        row["outcome"], row["message"] = report.outcome, report.message
        row["parameters"] = report.network.parameters
        row["estimate"] = None if report.estimate is None else report.estimate.relative_l2
        worst = max(found.values(), key=lambda one: one.relative_l2, default=None)
        if worst is not None:
            row["error"], row["against"] = worst.relative_l2, worst.against
            if is_alternative(part, report.alternatives):
                row["against"] = "another solution, which the report names"
    row["seconds"] = round(time.perf_counter() - began, 3)
    return row


def is_alternative(stated: Problem, others: Sequence[Alternative]) -> bool:
    """Whether the known solution is one of those that a report names beside the one taken."""
    if not isinstance(stated.exact, FormulaSolution):
        return False
    box = stated.box
    middle = np.array([[(low + high) / 2 for low, high in zip(box.lower, box.upper, strict=True)]])
    truth = dict(zip(stated.unknowns, stated.exact.values(middle)[0], strict=True))
    return any(
        all(abs(truth[name] - one.middle[name]) <= _SAME * one.size[name] for name in truth)
        for one in others
    )


def generated(
    seed: int,
    count: int,
    limit: float,
    draw: Callable[[int, int, float], Manufactured] = manufactured,
) -> Iterator[Task]:
    """Random problems, as many as asked for."""
    for number in range(count):
        drawn_problem = draw(seed, number, limit)
        spec = reader.parse_spec(drawn_problem.text, drawn_problem.name, Path())
        yield Task(drawn_problem.name, drawn_problem.kind, drawn_problem.character, spec)


def shipped(folder: Path, limit: float) -> Iterator[Task]:
    """The problems that come with pikan."""
    for file in sorted(folder.glob("*.yaml")):
        spec = reader.read_spec(file, {"time_limit": f"{limit:g}"})
        yield Task(file.stem, "shipped", "shipped", spec)


def share(holds: Sequence[bool]) -> float:
    """The part that is true, one where there is nothing to be false.

    >>> share([True, True, False, True])
    0.75
    """
    return sum(holds) / len(holds) if holds else 1.0


def known(rows: Sequence[Row]) -> Iterator[tuple[float, float]]:
    """Error and estimate of each run that has both; data are not exact enough to be the truth."""
    for row in rows:
        if row["error"] is not None and row["estimate"] is not None and row["against"] == "exact":
            yield row["error"], row["estimate"]


def summary(rows: Sequence[Row]) -> str:
    """What all runs together say, in lines."""
    pairs = list(known(rows))
    not_low = share([error < TOO_LOW * estimate for error, estimate in pairs])
    not_high = share([estimate < TOO_HIGH * error for error, estimate in pairs])
    met = [
        row["error"] <= row["accuracy"]
        for row in rows
        if row["outcome"] == "converged"
        and row["error"] is not None
        and row["accuracy"] is not None
        and row["against"] == "exact"
    ]
    outcomes = Counter(row["outcome"] for row in rows)
    ended = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    seconds = sorted(row["seconds"] for row in rows)
    middle, longest = seconds[len(seconds) // 2], seconds[-1]
    return "\n".join(
        (
            f"{len(rows)} runs: {ended}",
            f"{len(pairs)} with an estimate and an exact solution",
            f"error below {TOO_LOW:g} x estimate: {not_low:.1%} (wanted {_LOW_SHARE:.0%})",
            f"estimate below {TOO_HIGH:g} x error: {not_high:.1%} (wanted {_HIGH_SHARE:.0%})",
            f"converged, and as accurate as asked: {share(met):.1%} of {len(met)}",
            f"seconds: {sum(seconds):.0f} in all, median {middle:.2g}, longest {longest:.3g}",
        )
    )


def doubtful(rows: Sequence[Row]) -> Iterator[str]:
    """A line for every run that is not what it says, worst first."""
    low = [
        row
        for row in rows
        if row["error"] is not None
        and row["estimate"] is not None
        and row["against"] == "exact"
        and not row["error"] < TOO_LOW * row["estimate"]
    ]
    for row in low:
        yield f"too low: {_line(row)}"
    for row in rows:
        missed = (row["error"] or 0.0) > (row["accuracy"] or float("inf"))
        if row["outcome"] == "converged" and row["against"] == "exact" and missed:
            yield f"not as accurate as asked: {_line(row)}"
        if row["outcome"] == "exception":
            yield f"exception: {_line(row)} {row['message']}"


def _line(row: Row) -> str:
    def shown(number: float | None) -> str:
        return "-" if number is None else f"{number:.1e}"

    return (
        f"{row['name']} ({row['character']}) asked {shown(row['accuracy'])} "
        f"error {shown(row['error'])} estimate {shown(row['estimate'])} {row['outcome']} "
        f"{row['seconds']:.1f} s"
    )


def main() -> None:
    """Run what is missing, say what it shows and draw it."""
    asked = _asked()
    draw = narrow if asked.narrow else rough if asked.rough else manufactured
    if asked.text is not None:
        print(draw(asked.seed, asked.text, asked.limit).text, end="")
        return
    rows: list[Row] = json.loads(asked.into.read_text()) if asked.into.exists() else []
    tasks = list(
        shipped(asked.folder, asked.limit)
        if asked.shipped
        else generated(asked.seed, asked.count, asked.limit, draw)
    )
    done = {row["name"] for row in rows}
    missing = [task for task in tasks if task.name not in done]
    began = time.perf_counter()
    for number, task in enumerate(missing, start=1):
        rows.append(run(task))
        asked.into.parent.mkdir(parents=True, exist_ok=True)
        asked.into.write_text(json.dumps(rows, indent=1) + "\n")
        pace = (time.perf_counter() - began) / number
        left = f"{number}/{len(missing)}, {pace * (len(missing) - number):.0f} s left"
        print(f"{left}: {_line(rows[-1])}", file=sys.stderr, flush=True)
    wanted = {task.name for task in tasks}
    chosen = [row for row in rows if row["name"] in wanted]
    print(summary(chosen))
    print("\n".join(doubtful(chosen)))
    marks = [
        (row["kind"], row["error"], row["estimate"])
        for row in rows
        if row["error"] is not None and row["estimate"] is not None and row["against"] == "exact"
    ]
    drawn(marks, TOO_LOW, TOO_HIGH, asked.into.with_suffix(".png"))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=210, help="how many random problems")
    parser.add_argument("--seed", type=int, default=0, help="other problems for another seed")
    parser.add_argument("--limit", type=float, default=20.0, help="time limit of a problem [s]")
    parser.add_argument("--into", type=Path, default=Path("results/honesty.json"))
    parser.add_argument("--text", type=int, help="print the problem of this number and end")
    parser.add_argument(
        "--rough", action="store_true", help="kinks, jumps, layers, branched and cut-off problems"
    )
    parser.add_argument(
        "--narrow", action="store_true", help="fronts, pulses and kinks down to a millionth wide"
    )
    parser.add_argument("--shipped", action="store_true", help="the problem files of --folder")
    parser.add_argument("--folder", type=Path, default=Path("problems"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
