"""The studies of pikan: sweeps from problems/sweeps, as small tables and figures.

    python scripts/studies.py                          # all of them, two hours of CPU time
    python scripts/studies.py poisson_seeds --workers 2

Runs go to results/sweeps and are not made again where they are there; tables, laws and figures go
to results/studies. Times in them are seconds of one thread of the machine that made them.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

import pikan
from pikan.files.atomic import write_bytes, write_text
from pikan.plots.picture import Picture, canvas
from pikan.plots.style import COLORS, figure_style, magnitudes, open_frame
from pikan.results import load
from pikan.sweeps.fits import FittedLaw, fit_law, law_figure, sentence
from pikan.sweeps.plan import SweepPlan, read_plan
from pikan.sweeps.record import RunRecord
from pikan.sweeps.table import Table, to_csv

ROOT = Path(__file__).resolve().parent.parent
SWEEPS, RUNS, INTO = (
    ROOT / place for place in ("problems/sweeps", "results/sweeps", "results/studies")
)
APPROXIMATIONS = tuple(
    f"approximate_{name}" for name in ("bessel", "two", "product", "four", "hundred")
)
STUDIES = (
    *APPROXIMATIONS,
    "poisson_networks",
    "burgers_networks",
    "deep_poisson",
    "burgers_ingredients",
    "poisson_stages",
    "poisson_seeds",
)
SIZE = (7.2, 4.6)


def main() -> None:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description="The studies of pikan.")
    parser.add_argument("names", nargs="*", default=STUDIES)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--runs", type=Path, default=RUNS)
    asked = parser.parse_args()
    for name in asked.names:
        plan = read_plan(SWEEPS / f"{name}.yaml")
        folder = asked.runs / name
        table = pikan.sweep(SWEEPS / f"{name}.yaml", folder, workers=asked.workers).table
        study(plan, table, folder)
    write_text(INTO / "laws.md", summary())
    sys.stdout.write(summary())


def study(plan: SweepPlan, table: Table, folder: Path) -> None:
    """Leaves the table of a study, its laws and its figure."""
    write_text(INTO / f"{plan.name}.csv", to_csv(table))
    laws = [fit_law(fit, table) for fit in plan.fits]
    if laws:
        write_text(INTO / f"{plan.name}.json", json.dumps(list(entries(laws)), indent=1) + "\n")
        law_figure(laws[-1], plan.title).save(INTO / f"{plan.name}.png")
    elif plan.name == "poisson_stages":
        write_bytes(INTO / f"{plan.name}.png", over_time(plan, table, folder).png)
    else:
        write_bytes(INTO / f"{plan.name}.png", spread(plan, table).png)


def entries(laws: Sequence[FittedLaw]) -> Iterator[Mapping[str, object]]:
    """Each law of each group in words and numbers."""
    for one in laws:
        for group in one.groups:
            law = group.law
            yield {
                "said": sentence(one.fit, group),
                "x": one.fit.x,
                "y": one.fit.y,
                "group": group.name,
                "exponent": None if law is None else law.exponent,
                "interval": None if law is None else law.interval,
                "lacking": group.lacking,
                "theory": dict(one.fit.theory),
            }


def summary() -> str:
    """All laws that there are, as a table in Markdown."""
    lines = [
        "| study | group | y | x | exponent | 95 % interval | theory |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in STUDIES:
        file = INTO / f"{name}.json"
        for entry in json.loads(file.read_text()) if file.exists() else []:
            theory = ", ".join(f"{what}: {value:g}" for what, value in entry["theory"].items())
            law = exponent(entry["exponent"], entry["interval"], entry["lacking"])
            cells = (name, entry["group"], entry["y"], entry["x"], *law, theory)
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def exponent(
    value: float | None, interval: Sequence[float] | None, lacking: str
) -> tuple[str, str]:
    """The exponent of a law and its interval in words, or why there is none."""
    if value is None or interval is None:
        return "no law", lacking
    low, high = interval
    return f"{value:.2f}", f"{low:.2f} to {high:.2f}"


def over_time(plan: SweepPlan, table: Table, folder: Path) -> Picture:
    """The error of every run against its training time."""
    with figure_style():
        figure = canvas(*SIZE, plan.title)
        axes = figure.subplots()
        for color, (name, rows) in zip(COLORS, by_title(table).items(), strict=False):
            for index, row in enumerate(rows):
                history = load(folder / "runs" / f"{row.run:04d}").history
                known = [(one.seconds, one.error) for one in history if one.error is not None]
                label = name if index == 0 else None
                axes.plot(*zip(*known, strict=True), "o-", color=color, markersize=3, label=label)
        axes.set_xscale("log")
        axes.set_xlabel("training time [s]")
        finished(axes)
        magnitudes(axes.xaxis)
        figure.legend(loc="outside right upper")
    return figure


def spread(plan: SweepPlan, table: Table) -> Picture:
    """The error of every run beside those that differ in their seed, with the median."""
    with figure_style():
        figure = canvas(*SIZE, plan.title)
        axes = figure.subplots()
        groups = by_title(table)
        for place, (color, rows) in enumerate(zip(COLORS, groups.values(), strict=False)):
            errors = [row.result.measures.relative_l2 for row in rows]
            across = place + np.linspace(-0.25, 0.25, len(errors))
            axes.plot(across, errors, "o", color=color, markersize=3)
            axes.plot([place - 0.3, place + 0.3], [np.nanmedian(errors)] * 2, color=color)
        axes.set_xticks(range(len(groups)), list(groups))
        finished(axes)
    return figure


def by_title(table: Table) -> Mapping[str, Sequence[RunRecord]]:
    """The runs that bear one title."""
    place = table.keys.index("title")
    found: dict[str, list[RunRecord]] = {}
    for row in table.rows:
        found.setdefault(row.values[place], []).append(row)
    return found


def finished(axes: Axes) -> None:
    """The axis of errors."""
    axes.set_yscale("log")
    axes.set_ylabel("relative L2 error")
    open_frame(axes)
    magnitudes(axes.yaxis)


if __name__ == "__main__":
    main()
