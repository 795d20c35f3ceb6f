"""Solve problems with rough data and thin layers, beside SciPy: results/rough.json and rough.md.

    OMP_NUM_THREADS=1 python scripts/rough.py                      # all problems, seeds 0, 1, 2
    OMP_NUM_THREADS=1 python scripts/rough.py "hot lid" --seeds 0

Errors are in relative L2 on fresh points placed on the cells of the solution, as many in each;
where no solution is known there is the estimate alone. Times are those of the processor, as a
multiple of one QR factorization of a random 4000 x 1000 matrix in the same process. SciPy is told
no more than pikan is: nothing of a pulse, so that `solve_ivp` steps over it. Problems that are not
named keep their rows.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import TypedDict

import numpy as np
import torch

import pikan
from measured.problems import PROBLEMS, Rough
from pikan.bases.elements import Elements
from pikan.network.base import Network
from pikan.network.characteristic import CharacteristicNetwork
from pikan.network.product import FullProduct
from pikan.network.time_slabs import TimeSlabs
from pikan.spec import reader

RESULTS = Path(__file__).resolve().parents[1] / "results"
_EACH, _ROUNDS = 3, 5
# Of more points than this so many are drawn; they are looked at in parts.
_MOST, _PART = 400_000, 20_000


class Row(TypedDict):
    """The worst of some seeds; what is not known is None."""

    outcome: str
    error: float | None
    estimate: float | None
    qrs: float
    numbers: int
    scipy_error: float | None
    scipy_qrs: float | None
    seeds: int


def main() -> None:
    """The rows that are asked for, added to those that are there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help="problems, all if left out")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    asked = parser.parse_args(sys.argv[1:])
    place = RESULTS / "rough.json"
    rows: dict[str, Row] = json.loads(place.read_text()) if place.exists() else {}
    unit = qr_seconds()
    for name in asked.names or PROBLEMS:
        rows[name] = measured(name, PROBLEMS[name], asked.seeds, unit)
        print(name, rows[name], flush=True)
        rows = {key: rows[key] for key in PROBLEMS if key in rows}
        place.write_text(json.dumps(rows, indent=1) + "\n")
        (RESULTS / "rough.md").write_text(table(rows))


def qr_seconds() -> float:
    """The median time of one QR factorization of a random 4000 x 1000 matrix [s]."""
    matrix = torch.rand(4000, 1000, dtype=torch.float64)
    times: list[float] = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        torch.linalg.qr(matrix)
        times.append(time.process_time() - began)
    return float(np.median(times))


def measured(name: str, problem: Rough, seeds: Sequence[int], unit: float) -> Row:
    """The worst of some seeds, and SciPy on the points of the last."""
    errors, estimates, seconds = list[float](), list[float](), list[float]()
    points, weights = np.empty((0, 1)), np.empty(0)
    row = Row(
        outcome="",
        error=None,
        estimate=None,
        qrs=0.0,
        numbers=0,
        scipy_error=None,
        scipy_qrs=None,
        seeds=len(seeds),
    )
    for seed in seeds:
        spec = reader.parse_spec(problem.text, f"{name}.yaml", Path(), {"seed": str(seed)}, "rough")
        began = time.process_time()
        solution = pikan.solve(spec)
        seconds.append(time.process_time() - began)
        estimate = solution.report.estimate
        estimates.append(inf if estimate is None else estimate.relative_l2)
        row["outcome"], row["numbers"] = solution.outcome.kind, solution.report.network.parameters
        points, weights = points_on_cells(solution.network, seed)
        if problem.truth is not None:
            parts = torch.from_numpy(points).split(_PART)
            found = np.concatenate([solution.network(part).detach().numpy() for part in parts])
            errors.append(relative(found, problem.truth(points), weights))
    if problem.yardstick is not None and problem.truth is not None:
        began = time.process_time()
        yardstick = problem.yardstick()
        row["scipy_qrs"] = (time.process_time() - began) / unit
        row["scipy_error"] = relative(yardstick(points), problem.truth(points), weights)
    row["qrs"] = max(seconds) / unit
    row["error"] = max(errors, default=None)
    row["estimate"] = max(estimates) if max(estimates) < inf else None
    return row


def relative(found: np.ndarray, expected: np.ndarray, weights: np.ndarray) -> float:
    """The relative L2 error of the worst unknown."""
    error, size = (weights @ field**2 for field in (found - expected, expected))
    return float(np.sqrt(error / size).max())


def points_on_cells(network: Network, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random points in every cell of every step, and the part of the domain they stand for."""
    chance = np.random.default_rng(seed)
    networks = network.slabs() if isinstance(network, TimeSlabs) else (network,)
    points, weights = list[np.ndarray](), list[np.ndarray]()
    for part in networks:
        one = part.product if isinstance(part, CharacteristicNetwork) else part
        assert isinstance(one, FullProduct)
        lines = []
        for axis, basis in enumerate(one.axes()):
            edges = (basis.edges() if isinstance(basis, Elements) else basis.knots)[0].numpy()
            edges = edges if len(edges) > 2 else np.linspace(edges[0], edges[-1], 8)
            scaled = float(one.center[axis]) + float(one.scale[axis]) * edges
            share = chance.random((len(scaled) - 1, _EACH))
            inside = scaled[:-1, None] + np.diff(scaled)[:, None] * share
            lines.append((inside.ravel(), np.repeat(np.diff(scaled) / _EACH, _EACH)))
        grid = np.meshgrid(*(line[0] for line in lines), indexing="ij")
        parts = np.meshgrid(*(line[1] for line in lines), indexing="ij")
        places = np.stack([along.ravel() for along in grid], axis=1)
        shares = np.prod([along.ravel() for along in parts], axis=0)
        if isinstance(part, CharacteristicNetwork):
            places, held = between_characteristics(part, places)
            shares = shares[held]
        points.append(places)
        weights.append(shares)
    every, shares = np.concatenate(points), np.concatenate(weights)
    if len(every) <= _MOST:
        return every, shares
    drawn = chance.choice(len(every), _MOST, replace=False)
    return every[drawn], shares[drawn]


def between_characteristics(
    network: CharacteristicNetwork, places: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Places (ξ, η) as points of a slab, those that lie in it; and which these are."""
    lower = (network.center - network.scale).numpy()
    upper = (network.center + network.scale).numpy()
    moved = np.diff(places)[:, 0] / (2 * float(network.speed)) + lower[network.time]
    points = np.stack([places.mean(axis=1), moved], axis=1)
    points = points if network.time else points[:, ::-1]
    held = np.flatnonzero(((points >= lower) & (points <= upper)).all(axis=1))
    return points[held], held


def table(rows: Mapping[str, Row]) -> str:
    """The rows in Markdown."""
    lines = [
        "| problem | outcome | error | estimate | QRs | numbers | seeds | SciPy error | QRs |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in rows.items():
        numbers = [row[key] for key in ("error", "estimate", "qrs")]
        its = [row["scipy_error"], row["scipy_qrs"]]
        cells = [*map(_shown, numbers), str(row["numbers"]), str(row["seeds"]), *map(_shown, its)]
        lines.append(f"| {name} | {row['outcome']} | {' | '.join(cells)} |")
    threads = torch.get_num_threads()
    lines.append(f"\nThe worst seed in each column; threads: {threads}; SciPy at 1e-9.")
    return "\n".join(lines) + "\n"


def _shown(number: float | None) -> str:
    return "-" if number is None else f"{number:.2g}"


if __name__ == "__main__":
    main()
