"""What a step of a wide KAN costs, basis by basis, as a multiple of a perceptron's, in one run.

The networks are [2, 64, 64, 1], at 4,096 random points, on one thread: KANs with eleven functions
and a SiLU on every edge (cubic splines on eight cells, Gaussians likewise, the rest of degree ten)
and a tanh perceptron of torch's own parts. Two kinds of work, each with the gradient of its mean
square with respect to all parameters: the values, and the residual u_xx + u_yy, ours by jets, the
perceptron's by nested autograd. Eleven weights where the perceptron has one make eleven the floor
of the first. Before every step of a KAN some of the perceptron are timed, so that both meet the
same mood of the machine; the processor's time counts.

    python scripts/layer_cost.py
    python scripts/layer_cost.py --rounds 5 --bases bspline --dtypes float32

What others' layers cost (`PEERS`) was measured earlier in the same manner, with cubic splines on
eight cells or as many functions, in float32 on the processor; this script does not run them.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple, TypedDict

import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import nn

from benchmarks.timing import in_turns, timed
from pikan.bases.registry import FAMILIES
from pikan.plots.style import COLORS, INK, PALE, figure_style, magnitudes, open_frame
from step_cost import (
    Step,
    jets_step,
    mean_square_gradient,
    nested_step,
    perceptron,
    pikan_network,
    points,
)

_LEAST_BASES = ("bspline", "chebyshev", "legendre")
_DTYPES = ("float32", "float64")


class Work(NamedTuple):
    """What is timed: the most that it should cost, and how many steps of a perceptron count."""

    name: str
    target: float
    steps: int


VALUES = Work("forward and backward", 20.0, 8)
RESIDUAL = Work("residual and its gradient", 15.0, 1)

PEERS: Mapping[str, Mapping[Work, float]] = {
    "inkan, compiled": {VALUES: 27.0},
    "jaxKAN, Chebyshev, jit": {VALUES: 31.0, RESIDUAL: 25.0},
    "inkan": {VALUES: 53.0, RESIDUAL: 41.0},
    "FastKAN": {VALUES: 62.0, RESIDUAL: 49.0},
    "efficient-kan": {VALUES: 152.0, RESIDUAL: 120.0},
    "jaxKAN, splines": {VALUES: 166.0, RESIDUAL: 181.0},
    "pykan": {VALUES: 411.0, RESIDUAL: 249.0},
}
"""Multiples of a perceptron's step in float32, as they were measured before."""


class Row(TypedDict):
    """One basis at one kind of work: milliseconds, and the multiples' median and quartiles."""

    basis: str
    work: str
    dtype: str
    milliseconds: float
    perceptron: float
    lower: float
    multiple: float
    upper: float


def main() -> None:
    """Measure what the command line asks for, and leave a table, its numbers and a figure."""
    arguments = parsed()
    torch.set_num_threads(1)
    rows = [row for dtype in arguments.dtypes for row in measured(arguments, dtype)]
    text = table(rows)
    print(text, end="")
    arguments.into.parent.mkdir(parents=True, exist_ok=True)
    arguments.into.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    arguments.into.with_suffix(".md").write_text(text, encoding="utf-8")
    drawn(rows, arguments.into.with_suffix(".png"))


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[2, 64, 64, 1])
    parser.add_argument("--grid", type=int, default=8, help="cells of a spline")
    parser.add_argument("--degree", type=int, default=3, help="of a spline; others: of as many")
    parser.add_argument("--points", type=int, default=4096)
    others = [name for name in FAMILIES if name not in _LEAST_BASES]
    parser.add_argument("--bases", nargs="+", default=[*_LEAST_BASES, *others])
    parser.add_argument("--dtypes", nargs="+", choices=_DTYPES, default=_DTYPES)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--into", type=Path, default=Path("results/layer_cost"))
    return parser.parse_args()


def measured(arguments: argparse.Namespace, dtype: str) -> list[Row]:
    """Both kinds of work in one precision, basis after basis in every round."""
    torch.set_default_dtype(getattr(torch, dtype))
    inside, rival = points(arguments), perceptron(arguments)
    rows: list[Row] = []
    for work in (VALUES, RESIDUAL):
        theirs = nested_step(rival, inside) if work == RESIDUAL else values_step(rival, inside)
        contenders: dict[str, Callable[[], float]] = {}
        for basis in arguments.bases:
            network = pikan_network(arguments, basis)
            ours = jets_step(network, inside) if work == RESIDUAL else values_step(network, inside)
            contenders[f"perceptron before {basis}"] = partial(elapsed, theirs, work.steps)
            contenders[basis] = partial(elapsed, ours, 1)
        found = in_turns(contenders, arguments.rounds)
        rows += [
            row(basis, work, dtype, found[basis], found[f"perceptron before {basis}"])
            for basis in arguments.bases
        ]
    return rows


def values_step(network: nn.Module, inside: torch.Tensor) -> Step:
    """The network's values and the gradient of their mean square."""
    parameters = list(network.parameters())
    return lambda: mean_square_gradient(network(inside), parameters)


def elapsed(step: Step, times: int) -> float:
    """The processor time of a step [s], the mean of so many."""
    return timed(lambda: [step() for _ in range(times)])[0] / times


def row(basis: str, work: Work, dtype: str, ours: Sequence[float], theirs: Sequence[float]) -> Row:
    """What the rounds say, the multiple taken round by round."""
    lower, multiple, upper = quantiles(
        [mine / other for mine, other in zip(ours, theirs, strict=True)], n=4, method="inclusive"
    )
    return Row(
        basis=basis,
        work=work.name,
        dtype=dtype,
        milliseconds=round(1e3 * quantiles(ours, n=2)[0], 2),
        perceptron=round(1e3 * quantiles(theirs, n=2)[0], 2),
        lower=round(lower, 2),
        multiple=round(multiple, 2),
        upper=round(upper, 2),
    )


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown, and below them what others' layers cost."""
    lines = [
        "| basis | work | precision | step [ms] | perceptron [ms] | ratio | quartiles | target |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    targets = {work.name: work.target for work in (VALUES, RESIDUAL)}
    lines += [
        f"| {row['basis']} | {row['work']} | {row['dtype']} | {row['milliseconds']:.1f} "
        f"| {row['perceptron']:.1f} | {row['multiple']:.1f} | {row['lower']:.1f} to "
        f"{row['upper']:.1f} | {targets[row['work']]:.0f} |"
        for row in rows
    ]
    lines += ["", f"| measured earlier, float32 | {VALUES.name} | {RESIDUAL.name} |"]
    lines += ["| --- | ---: | ---: |"]
    lines += [
        f"| {name} | {cost(peer, VALUES)} | {cost(peer, RESIDUAL)} |"
        for name, peer in PEERS.items()
    ]
    return "\n".join(lines) + "\n"


def cost(peer: Mapping[Work, float], work: Work) -> str:
    """What a peer's step costs, nothing where nobody measured it."""
    return f"{peer[work]:.0f}" if work in peer else ""


def drawn(rows: Sequence[Row], into: Path) -> None:
    """A panel for each kind of work: ours with the quartiles, then the others, and the target."""
    names = [*dict.fromkeys(row["basis"] for row in rows), *PEERS]
    with figure_style():
        figure = Figure(figsize=(7.4, 1.2 + 0.27 * len(names)), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, 2, sharey=True)
        for axes, work in zip(panels, (VALUES, RESIDUAL), strict=True):
            panel(axes, work, [row for row in rows if row["work"] == work.name], names)
        panels[0].set_yticks(range(len(names)), names)
        panels[0].set_ylim(len(names) - 0.4, -0.6)
        marks = [("o", COLORS[0], _DTYPES[0]), ("s", COLORS[1], _DTYPES[1])]
        handles = [
            Line2D([], [], marker=m, ls="", color=c, label=f"pikan, {d}") for m, c, d in marks
        ]
        handles += [
            Line2D(
                [], [], marker="D", ls="", color=COLORS[2], mfc="white", label="measured earlier"
            ),
            Line2D([], [], color=INK, ls="--", lw=0.8, label="target"),
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=4)
        figure.savefig(into)


def panel(axes: Axes, work: Work, rows: Sequence[Row], names: Sequence[str]) -> None:
    """One kind of work, along a logarithmic axis of multiples."""
    for place in range(len(names)):
        axes.axhline(place, color=PALE, linewidth=0.5, zorder=0)
    for row in rows:
        second = row["dtype"] == _DTYPES[1]
        place, color = names.index(row["basis"]) + (0.16 if second else -0.16), COLORS[second]
        axes.plot([row["lower"], row["upper"]], [place, place], color=color)
        axes.plot(row["multiple"], place, "s" if second else "o", color=color, markersize=4.5)
    for name, peer in PEERS.items():
        if work in peer:
            axes.plot(peer[work], names.index(name), "D", color=COLORS[2], mfc="white", ms=5)
    axes.axvline(work.target, color=INK, linestyle="--", linewidth=0.8)
    axes.set(xscale="log", xlim=(4.0, 600.0), title=work.name)
    axes.set_xlabel("multiple of a tanh perceptron's step")
    magnitudes(axes.xaxis)
    axes.tick_params(axis="y", length=0)
    open_frame(axes)


if __name__ == "__main__":
    main()
