"""Compare the time of pikan on smooth linear problems with Chebyshev collocation written by hand.

    OMP_NUM_THREADS=1 python scripts/collocation_cost.py --repeats 15

The other side knows its equation and the degrees it needs: differentiation matrices, Kronecker
products and one dense solve in NumPy. Those degrees are looked for beforehand, which costs it
nothing: the lowest with which its error is no larger than pikan's, or than twice the least that it
reaches at all where its rounding is more. Both take turns in one process: pikan's time of training,
with all levels, against that of making and solving the system, in medians and as the ratio of each
round. Times are of the processor unless `--wall` asks for the clock on the wall.

Source: Trefethen 2000, Spectral Methods in MATLAB, program 16.
"""

import argparse
import time
from collections.abc import Callable, Generator
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import in_turns, timed
from benchmarks.yardsticks import chebyshev
from peers.task import Array
from pikan.run import Progress, solve
from pikan.solution import Solution
from pikan.spec import formulas, reader

PROBLEMS = Path(__file__).resolve().parent.parent / "problems"
# Where degrees are looked for, and how much larger than the least an error by rounding may be.
LOWEST, HIGHEST, ABOUT = 6, 40, 2.0
Mask = NDArray[np.bool_]
PI = np.pi


class Axis(NamedTuple):
    """Chebyshev points of an interval, and the matrix that differentiates on them."""

    points: Array
    first: Array


class Case(NamedTuple):
    """A problem with known values on some sides of a rectangle.

    `matrix` makes the operator of two axes, `known` says which points are given.
    """

    box: tuple[tuple[float, float], tuple[float, float]]
    matrix: Callable[[Axis, Axis], Array]
    source: Callable[[Array, Array], Array]
    known: Callable[[Mask], Mask]
    exact: Callable[[Array, Array], Array]


def axis(lower: float, upper: float, degree: int) -> Axis:
    """Chebyshev points of an interval and their matrix."""
    points, slope = chebyshev(degree)
    half = (upper - lower) / 2
    return Axis(lower + half * (points + 1), slope / half)


def laplacian(x: Axis, y: Axis) -> Array:
    """u_xx + u_yy."""
    one, other = np.eye(len(x.points)), np.eye(len(y.points))
    return np.kron(x.first @ x.first, other) + np.kron(one, y.first @ y.first)


def heat(alpha: float) -> Callable[[Axis, Axis], Array]:
    """u_t - alpha u_xx."""

    def matrix(x: Axis, t: Axis) -> Array:
        one, other = np.eye(len(x.points)), np.eye(len(t.points))
        return np.kron(one, t.first) - alpha * np.kron(x.first @ x.first, other)

    return matrix


def boundary(grid: Mask) -> Mask:
    """The four sides."""
    sides = np.ones_like(grid)
    sides[1:-1, 1:-1] = False
    return sides


def start_and_ends(grid: Mask) -> Mask:
    """The sides in space, and the first moment, which comes last."""
    sides = boundary(grid)
    sides[1:-1, 0] = False
    return sides


CASES = {
    "poisson": Case(
        ((-1.0, 1.0), (-1.0, 1.0)),
        laplacian,
        lambda x, y: -2 * PI**2 * np.sin(PI * x) * np.sin(PI * y),
        boundary,
        lambda x, y: np.sin(PI * x) * np.sin(PI * y),
    ),
    "helmholtz": Case(
        ((-1.0, 1.0), (-1.0, 1.0)),
        lambda x, y: laplacian(x, y) + np.eye(len(x.points) * len(y.points)),
        lambda x, y: (1 - 17 * PI**2) * np.sin(PI * x) * np.sin(4 * PI * y),
        boundary,
        lambda x, y: np.sin(PI * x) * np.sin(4 * PI * y),
    ),
    "heat": Case(
        ((0.0, 1.0), (0.0, 1.0)),
        heat(0.1),
        lambda x, t: 0.0 * x * t,
        start_and_ends,
        lambda x, t: np.exp(-0.1 * PI**2 * t) * np.sin(PI * x),
    ),
    "diffusion": Case(
        ((-1.0, 1.0), (0.0, 1.0)),
        heat(1.0),
        lambda x, t: (PI**2 - 1) * np.exp(-t) * np.sin(PI * x),
        start_and_ends,
        lambda x, t: np.exp(-t) * np.sin(PI * x),
    ),
}


def collocated(case: Case, degrees: tuple[int, int]) -> float:
    """Makes and solves the system of a case; the relative error on its points."""
    x, y = (axis(*ends, degree) for ends, degree in zip(case.box, degrees, strict=True))
    grid = np.meshgrid(x.points, y.points, indexing="ij")
    known = case.known(np.zeros(grid[0].shape, dtype=bool)).ravel()
    matrix, truth = case.matrix(x, y), case.exact(*grid).ravel()
    right = case.source(*grid).ravel() - matrix[:, known] @ truth[known]
    found = np.linalg.solve(matrix[np.ix_(~known, ~known)], right[~known])
    return float(np.linalg.norm(found - truth[~known]) / np.linalg.norm(truth))


def needed(case: Case, wanted: float) -> tuple[int, int]:
    """The lowest even degrees with the error wanted, or about the least where rounding is more.

    Found along one coordinate after the other, twice, with the other's as found before.
    """
    degrees = [HIGHEST, HIGHEST]
    for side in (0, 1, 0, 1):
        errors: dict[int, float] = {}
        for degree in range(LOWEST, HIGHEST + 1, 2):
            degrees[side] = degree
            errors[degree] = collocated(case, (degrees[0], degrees[1]))
        enough = max(wanted, ABOUT * min(errors.values()))
        degrees[side] = min(degree for degree, error in errors.items() if error <= enough)
    return degrees[0], degrees[1]


def trained(name: str, clock: Callable[[], float]) -> tuple[float, Solution]:
    """The seconds of training and the solution of a file; the report does not count."""
    spec = reader.read_spec(PROBLEMS / f"{name}.yaml")
    problem = formulas.problem(spec)
    whole, solution = timed(lambda: last(solve(spec, problem)), clock)
    seconds = solution.report.seconds
    return whole * seconds.training / seconds.total, solution


def last(steps: Generator[Progress, None, Solution]) -> Solution:
    """What a solve comes back with after all its steps."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def line(name: str, case: Case, repeats: int, clock: Callable[[], float]) -> str:
    """A problem's line of the table."""
    ours = trained(name, clock)[1].errors["u"].relative_l2
    degrees = needed(case, ours)
    theirs = collocated(case, degrees)
    found = in_turns(
        {
            "pikan": lambda: trained(name, clock)[0],
            "by hand": lambda: timed(lambda: collocated(case, degrees), clock)[0],
        },
        repeats,
    )
    pairs = zip(found["pikan"], found["by hand"], strict=True)
    low, middle, high = quantiles([one / other for one, other in pairs], n=4)
    milliseconds = {way: 1e3 * median(seconds) for way, seconds in found.items()}
    return (
        f"| {name} | {ours:.1e} | {theirs:.1e} | {degrees[0]} x {degrees[1]} "
        f"| {milliseconds['pikan']:.1f} | {milliseconds['by hand']:.2f} "
        f"| {middle:.1f} | {low:.1f} to {high:.1f} |"
    )


def main() -> None:
    """Take turns and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--wall", action="store_true", help="the clock on the wall")
    asked = parser.parse_args()
    clock = time.perf_counter if asked.wall else time.process_time
    print("| problem | error | by hand | degrees | milliseconds | by hand | ratio | quartiles |")
    print("|---|---|---|---|---|---|---|---|")
    for name, case in CASES.items():
        print(line(name, case, asked.repeats, clock), flush=True)


if __name__ == "__main__":
    main()
