"""How many of Feynman's formulas are read off a KAN, and which are not.

The 27 dimensionless formulas of Liu et al. 2024, arXiv 2404.19756, Table 2, each from 1,000 points.
The ranges are this script's own: a formula is smooth there, and so are the functions on the edges
of the KAN that people built it by. In II.11.7 and III.17.37 the cosine is positive, so that
logarithms can make a product with it of a sum. `auto_symbolic` fits a KAN of that width, or of the
smallest that Table 2 names after pruning, from as many starts as it is given, until one is read to
the last digits. A formula counts as recovered if its relative L2 error at 1,000 fresh points is
below 1e-6.

Each formula takes at most --seconds of CPU time, and is then counted as not recovered. Writes
FOLDER/feynman.json and FOLDER/feynman.md, and keeps the rows there of formulas that it is not asked
for.

    python scripts/feynman.py --only I.6.2 II.38.3
    python scripts/feynman.py --starts 8 --seconds 300 --into results
"""

import argparse
import json
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

import pikan
from pikan.kan.arguments import ModelError
from pikan.symbolic.symbolic_formula import SymbolicFormula

# What counts as recovered.
RECOVERED = 1e-6

PI = torch.pi

Range = tuple[float, float]
Widths = tuple[list[int], list[int]]


class Law(NamedTuple):
    """A formula of Table 2 with its human-constructed and its smallest pruned width."""

    name: str
    text: str
    function: Callable[..., Tensor]
    ranges: tuple[Range, ...]
    widths: Widths


class Reading(NamedTuple):
    """What was read of a law: its error at fresh points, the R2 of its worst edge, how long."""

    name: str
    law: str
    width: list[int]
    starts: int
    r2: float
    error: float
    seconds: float
    found: str


def main() -> None:
    """Read what the command line asks for, print a line for each formula and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="*", help="formulas by name")
    parser.add_argument("--widths", choices=("human", "pruned"), default="human")
    parser.add_argument("--starts", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--into", type=Path, default=Path("results"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    arguments.into.mkdir(exist_ok=True, parents=True)
    chosen = [law for law in LAWS if not arguments.only or law.name in arguments.only]
    kept = arguments.into / "feynman.json"
    rows = [Reading(**each) for each in json.loads(kept.read_text())] if kept.exists() else []
    made = {each.name: each for each in rows}
    for law in chosen:
        width = law.widths[arguments.widths == "pruned"]
        made[law.name] = timed(law, width, arguments.starts, arguments.seconds)
        print(row(made[law.name]), flush=True)
        written([made[each.name] for each in LAWS if each.name in made], arguments.into)
    recovered = sum(made[law.name].error < RECOVERED for law in chosen)
    print(f"{recovered} of {len(chosen)} recovered")


def timed(law: Law, width: list[int], starts: int, seconds: int) -> Reading:
    """What is read of a law within so many seconds."""
    began = time.process_time()
    r2, error, said = float("nan"), float("inf"), f"nothing exact within {seconds} s"
    signal.signal(signal.SIGPROF, _out_of_time)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        found = read(law, width, starts)
        r2 = min(formula.r2 for _, formula in found.edges)
        error, said = found.errors[0], str(found.expressions[0])
    except ModelError as refused:
        said = str(refused)
    except TimeoutError:
        pass
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    spent = time.process_time() - began
    return Reading(law.name, law.text, width, starts, r2, error, spent, said)


def read(law: Law, width: list[int], starts: int) -> SymbolicFormula:
    """The formula that a KAN of this width leads to."""
    dataset = pikan.create_dataset(
        lambda x: law.function(*x.mT).unsqueeze(1),
        n_var=len(law.ranges),
        ranges=law.ranges,
        dtype=torch.float64,
    )
    symbolic = pikan.KAN(width).auto_symbolic(dataset=dataset, starts=starts)
    return symbolic.symbolic_formula(dataset=dataset)


def row(each: Reading) -> str:
    """A row of the table in Markdown."""
    numbers = f"{each.r2:.9f} | {each.error:.1e} | {each.seconds:.0f}"
    return f"| {each.name} | {each.law} | {each.width} | {each.starts} | {numbers} | {each.found} |"


def written(made: list[Reading], folder: Path) -> None:
    """The table as it stands, for people and for programs."""
    titles = "| formula | law | width | starts | least R2 of an edge | error | s | found |"
    lines = [titles, "|" + " --- |" * 8, *map(row, made)]
    count = sum(each.error < RECOVERED for each in made)
    text = "\n".join([f"{count} of {len(made)} below {RECOVERED:g}", "", *lines, ""])
    (folder / "feynman.md").write_text(text)
    (folder / "feynman.json").write_text(json.dumps([each._asdict() for each in made], indent=1))


def _out_of_time(*_: object) -> None:
    raise TimeoutError


LAWS = (
    Law(
        "I.6.2",
        "exp(-θ²/(2σ²))/sqrt(2πσ²)",
        lambda θ, σ: torch.exp(-((θ / σ) ** 2) / 2) / (2 * PI * σ**2).sqrt(),
        ((0.2, 2), (0.5, 2)),
        ([2, 2, 1, 1], [2, 2, 1, 1]),
    ),
    Law(
        "I.6.2b",
        "exp(-(θ-φ)²/(2σ²))/sqrt(2πσ²)",
        lambda θ, φ, σ: torch.exp(-(((θ - φ) / σ) ** 2) / 2) / (2 * PI * σ**2).sqrt(),
        ((1.2, 2), (0, 1), (0.5, 2)),
        ([3, 2, 2, 1, 1], [3, 4, 1, 1]),
    ),
    Law(
        "I.9.18",
        "a/((b-1)²+(c-d)²+(e-f)²)",
        lambda a, b, c, d, e, f: a / ((b - 1) ** 2 + (c - d) ** 2 + (e - f) ** 2),
        ((0.1, 1), (2, 3), (0, 1), (1, 2), (0, 1), (1, 2)),
        ([6, 4, 2, 1, 1], [6, 4, 1, 1]),
    ),
    Law(
        "I.12.11",
        "1+a sin(θ)",
        lambda a, θ: 1 + a * θ.sin(),
        ((0.1, 1), (0, 2 * PI)),
        ([2, 2, 2, 1], [2, 2, 1]),
    ),
    Law(
        "I.13.12",
        "a(1/b-1)",
        lambda a, b: a * (1 / b - 1),
        ((0.1, 1), (0.5, 2)),
        ([2, 2, 1], [2, 2, 1]),
    ),
    Law(
        "I.15.3x",
        "(1-a)/sqrt(1-b²)",
        lambda a, b: (1 - a) / (1 - b**2).sqrt(),
        ((-1, 0.8), (-0.8, 0.8)),
        ([2, 2, 1, 1], [2, 1, 1]),
    ),
    Law(
        "I.16.6",
        "(a+b)/(1+ab)",
        lambda a, b: (a + b) / (1 + a * b),
        ((-0.9, 0.9), (-0.9, 0.9)),
        ([2, 2, 2, 2, 2, 1], [2, 1, 1]),
    ),
    Law(
        "I.18.4",
        "(1+ab)/(1+a)",
        lambda a, b: (1 + a * b) / (1 + a),
        ((0.5, 2), (-0.4, 0.8)),
        ([2, 2, 2, 1, 1], [2, 2, 1]),
    ),
    Law(
        "I.26.2",
        "arcsin(n sin(θ))",
        lambda n, θ: (n * θ.sin()).arcsin(),
        ((0.1, 0.9), (0, 2 * PI)),
        ([2, 2, 2, 1, 1], [2, 2, 1, 1]),
    ),
    Law(
        "I.27.6",
        "1/(1+ab)",
        lambda a, b: 1 / (1 + a * b),
        ((0.2, 2), (0.2, 2)),
        ([2, 2, 1, 1], [2, 1, 1]),
    ),
    Law(
        "I.29.16",
        "sqrt(1+a²-2a cos(θ-φ))",
        lambda a, θ, φ: (1 + a**2 - 2 * a * (θ - φ).cos()).sqrt(),
        ((0.1, 0.8), (0, PI), (0, PI)),
        ([3, 2, 2, 3, 2, 1, 1], [3, 2, 2, 1]),
    ),
    Law(
        "I.30.3",
        "sin²(nθ/2)/sin²(θ/2)",
        lambda n, θ: ((n * θ / 2).sin() / (θ / 2).sin()) ** 2,
        ((0.5, 1.5), (0.4 * PI, 1.2 * PI)),
        ([2, 3, 2, 2, 1, 1], [2, 4, 3, 1]),
    ),
    Law(
        "I.30.5",
        "arcsin(a/n)",
        lambda a, n: (a / n).arcsin(),
        ((0.1, 0.9), (1, 2)),
        ([2, 1, 1], [2, 1, 1]),
    ),
    Law(
        "I.37.4",
        "1+a+2 sqrt(a) cos(δ)",
        lambda a, δ: 1 + a + 2 * a.sqrt() * δ.cos(),
        ((0.1, 1), (0, 2 * PI)),
        ([2, 3, 2, 1], [2, 2, 1]),
    ),
    Law(
        "I.40.1",
        "n exp(-a)",
        lambda n, a: n * (-a).exp(),
        ((0.1, 1), (-1, 1)),
        ([2, 1, 1], [2, 2, 1]),
    ),
    Law(
        "I.44.4",
        "n ln(a)",
        lambda n, a: n * a.log(),
        ((0.1, 1), (0.5, 3)),
        ([2, 2, 1], [2, 2, 1]),
    ),
    Law(
        "I.50.26",
        "cos(a)+α cos²(a)",
        lambda a, α: a.cos() + α * a.cos() ** 2,
        ((0, 2 * PI), (0.1, 1)),
        ([2, 2, 3, 1], [2, 3, 1]),
    ),
    Law(
        "II.2.42",
        "(a-1)b",
        lambda a, b: (a - 1) * b,
        ((0.1, 2), (0.1, 1)),
        ([2, 2, 1], [2, 2, 1]),
    ),
    Law(
        "II.6.15a",
        "c sqrt(a²+b²)/(4π)",
        lambda a, b, c: c * (a**2 + b**2).sqrt() / (4 * PI),
        ((0.2, 1), (0.2, 1), (0.2, 1)),
        ([3, 2, 2, 2, 1], [3, 2, 1, 1]),
    ),
    Law(
        "II.11.7",
        "n(1+a cos(θ))",
        lambda n, a, θ: n * (1 + a * θ.cos()),
        ((0.1, 1), (0.1, 1), (0, 0.45 * PI)),
        ([3, 3, 3, 2, 2, 1], [3, 3, 1, 1]),
    ),
    Law(
        "II.11.27",
        "nα/(1-nα/3)",
        lambda n, α: n * α / (1 - n * α / 3),
        ((0.1, 1), (0.1, 2)),
        ([2, 2, 1, 2, 1], [2, 1, 1]),
    ),
    Law(
        "II.35.18",
        "n/(exp(a)+exp(-a))",
        lambda n, a: n / (a.exp() + (-a).exp()),
        ((0.1, 1), (-1, 1)),
        ([2, 1, 1], [2, 1, 1]),
    ),
    Law(
        "II.36.38",
        "a+αb",
        lambda a, α, b: a + α * b,
        ((-1, 1), (-1, 1), (-1, 1)),
        ([3, 3, 1], [3, 2, 1]),
    ),
    Law(
        "II.38.3",
        "a/b",
        lambda a, b: a / b,
        ((0.1, 1), (0.5, 2)),
        ([2, 1, 1], [2, 1, 1]),
    ),
    Law(
        "III.9.52",
        "a sin²((b-c)/2)/((b-c)/2)²",
        lambda a, b, c: a * torch.sinc((b - c) / (2 * PI)) ** 2,
        ((0.1, 1), (2, 3.5), (0, 1.5)),
        ([3, 2, 3, 1, 1], [3, 3, 2, 1]),
    ),
    Law(
        "III.10.19",
        "sqrt(1+a²+b²)",
        lambda a, b: (1 + a**2 + b**2).sqrt(),
        ((-1, 1), (-1, 1)),
        ([2, 1, 1], [2, 1, 1]),
    ),
    Law(
        "III.17.37",
        "β(1+α cos(θ))",
        lambda β, α, θ: β * (1 + α * θ.cos()),
        ((0.1, 1), (0.1, 1), (0, 0.45 * PI)),
        ([3, 3, 3, 2, 2, 1], [3, 3, 1, 1]),
    ),
)


if __name__ == "__main__":
    main()
