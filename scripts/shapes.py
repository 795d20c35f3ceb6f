"""Solve the problems in problems/shapes beside their targets: results/shapes.json and shapes.md.

    OMP_NUM_THREADS=1 python scripts/shapes.py                # all problems, seeds 0, 1, 2
    OMP_NUM_THREADS=1 python scripts/shapes.py disc --seeds 0

Errors are in relative L2 on random points of the region, of problems without a formula the worst of
known numbers, which may be larger than the estimate of the whole. Times are those of the processor,
as a multiple of one QR factorization of a random 4000 x 1000 matrix in the same process. Problems
that are not named keep their rows.
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
from pikan.sampling.points import interior
from pikan.sampling.uniform import uniform
from pikan.solution import Solution
from pikan.spec import reader
from rough import qr_seconds

ROOT = Path(__file__).resolve().parents[1]
# The error of the worst seed that each is to reach, and within how many factorizations.
TARGETS: Mapping[str, tuple[float, float]] = {
    "disc": (1e-12, 2),
    "ellipse": (1e-12, 2),
    "star": (1e-12, 2),
    "pentagon": (1e-12, 2),
    "annulus": (1e-12, 2),
    "squircle": (1e-12, 2),
    "cubic_disc": (1e-12, 4),
    "bratu_disc": (1e-12, 4),
    "ball": (1e-11, 10),
    "heat_disc": (1e-11, 10),
    "crack": (1e-8, 20),
    "electrodes": (1e-8, 40),
    "two_holes": (1e-10, 40),
    "torsion": (1e-9, 20),
    "composite": (1e-10, 20),
    "two_conductors": (1e-12, 2),
    "inclusion": (1e-10, 20),
    "material_corner": (1e-9, 40),
    "lake": (1e-10, 20),
}
# Known numbers of those without a formula: values of u at points, or quantities of the report.
# Electrodes: features that satisfy the equation, bounded by the maximum principle; torsion:
# the series of Timoshenko and Goodier 1970, Theory of Elasticity, section 109.
VALUES: Mapping[str, Mapping[tuple[float, float], float]] = {
    "electrodes": {
        (0.0, 0.0): 0.23358492231082,
        (0.45, 0.0): 0.80965591900755,
        (0.1, 0.2): 0.22091573942099,
    },
}
QUANTITIES: Mapping[str, Mapping[str, float]] = {
    "torsion": {"torsion_constant": 2.2492322392825, "largest_stress": 1.3506289666271},
}
_POINTS = 5000


class Row(TypedDict):
    """The worst of some seeds; an estimate that is not known is None."""

    outcome: str
    error: float
    target: float
    estimate: float | None
    qrs: float
    target_qrs: float
    numbers: int


def main() -> None:
    """The rows that are asked for, added to those that are there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help="problems, all if left out")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    asked = parser.parse_args(sys.argv[1:])
    place = ROOT / "results" / "shapes.json"
    rows: dict[str, Row] = json.loads(place.read_text()) if place.exists() else {}
    unit = qr_seconds()
    for name in asked.names or TARGETS:
        rows[name] = measured(name, asked.seeds, unit)
        print(name, rows[name], flush=True)
        rows = {key: rows[key] for key in TARGETS if key in rows}
        place.write_text(json.dumps(rows, indent=1) + "\n")
        place.with_suffix(".md").write_text(table(rows))


def measured(name: str, seeds: Sequence[int], unit: float) -> Row:
    """The worst of some seeds."""
    file = ROOT / "problems" / "shapes" / f"{name}.yaml"
    target, target_qrs = TARGETS[name]
    errors, estimates, seconds, kinds = list[float](), list[float](), list[float](), set[str]()
    numbers = 0
    for seed in seeds:
        spec = reader.read_spec(file, {"seed": str(seed)})
        began = time.process_time()
        solution = pikan.solve(spec)
        seconds.append(time.process_time() - began)
        estimate = solution.report.estimate
        estimates.append(inf if estimate is None else estimate.relative_l2)
        kinds.add(solution.outcome.kind)
        numbers = max(numbers, solution.report.network.parameters)
        errors.append(error(solution, seed))
    return Row(
        outcome=", ".join(sorted(kinds)),
        error=max(errors),
        target=target,
        estimate=max(estimates) if max(estimates) < inf else None,
        qrs=max(seconds) / unit,
        target_qrs=target_qrs,
        numbers=numbers,
    )


def error(solution: Solution, seed: int) -> float:
    """The relative L2 error of the worst unknown on random points, or that of the worst number."""
    name = solution.report.problem
    if name in VALUES:
        found = np.asarray(solution(list(map(list, VALUES[name])))).ravel()
        return float(np.abs(found / np.array(list(VALUES[name].values())) - 1.0).max())
    if name in QUANTITIES:
        known = QUANTITIES[name].items()
        return max(abs(solution.quantities[key].value / value - 1.0) for key, value in known)
    like = torch.empty(0, dtype=torch.float64)
    generator = torch.Generator().manual_seed(1000 + seed)
    points = interior(solution.problem.domain, uniform, _POINTS, generator, like).numpy()
    exact = solution.problem.exact
    assert exact is not None
    with torch.no_grad():
        found = solution.network(torch.from_numpy(points)).numpy()
    truth = exact.values(points)
    sizes = np.linalg.norm(truth, axis=0)
    return float((np.linalg.norm(found - truth, axis=0) / sizes).max())


def table(rows: Mapping[str, Row]) -> str:
    """The rows in Markdown."""
    lines = [
        "| problem | outcome | error | target | estimate | QRs | target | numbers |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in rows.items():
        estimate = "-" if row["estimate"] is None else f"{row['estimate']:.1e}"
        lines.append(
            f"| {name} | {row['outcome']} | {row['error']:.1e} | {row['target']:.0e} | {estimate} "
            f"| {row['qrs']:.2g} | {row['target_qrs']:g} | {row['numbers']} |"
        )
    lines.append(f"\nThe worst seed in each column; threads: {torch.get_num_threads()}.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
