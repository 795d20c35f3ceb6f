"""Solve families and energies beside their targets: results/families.json and families.md.

    OMP_NUM_THREADS=1 python scripts/families.py                  # all problem files
    OMP_NUM_THREADS=1 python scripts/families.py heat_family obstacle
    OMP_NUM_THREADS=1 python scripts/families.py --random 200     # how often the estimate holds

The error of a family is the relative L2 error of the worst of 60 members at fresh parameters,
against the known solution; of Burgers' equation that of Cole and Hopf, and of 12 members that are
solved by themselves where none is known. The error of an energy is that of the report, of the beam
the difference of the last two levels. Times are those of the processor, as a multiple of one QR
factorization of a random 4000 x 1000 matrix. Rows that are not named are kept.

The random families, in one or two parameters and with numbers that are drawn, are two-point
problems with advection, reaction and a source, resonances, a cubic reaction, a damped oscillator,
and diffusion with reaction in time, in turn; the estimate holds where the worst of ten fresh
members is below.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np
import torch

import pikan
from pikan.expression.parse import parse
from pikan.problem.family import member
from pikan.references.cole_hopf import cole_hopf
from pikan.solution import Solution
from rough import qr_seconds

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
_FRESH, _SOLVED, _OF_RANDOM, _POINTS = 60, 12, 10, 4000
_CALLS, _ON_POINTS = 200, 5000
TARGETS = {
    "families/heat_family": 1e-10,
    "families/boundary_layer_family": 1e-10,
    "families/resonances": 1e-9,
    "families/burgers_family": 1e-7,
    "families/moving_source": 1e-5,
    "energies/poisson_energy": 1e-9,
    "energies/two_materials": 1e-11,
    "energies/minimal_surface": 1e-8,
    "energies/p_laplace": 1e-11,
    "energies/obstacle": 3e-4,
    "energies/beam_bending": 1e-4,
}


class FamilyRow(TypedDict):
    """What one problem file has come to."""

    target: float
    error: float
    estimate: float
    qrs: float
    numbers: int
    members: NotRequired[int]
    rank: NotRequired[int]
    milliseconds: NotRequired[float]
    call: NotRequired[float]


def main() -> None:
    """The rows that are asked for, added to those that are there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help="problem files, all if left out")
    parser.add_argument("--random", type=int, default=0, help="so many random families instead")
    asked = parser.parse_args(sys.argv[1:])
    place = RESULTS / "families.json"
    kept = json.loads(place.read_text()) if place.exists() else {"rows": {}, "random": {}}
    unit = qr_seconds()
    if asked.random:
        kept["random"] = dict(honesty(asked.random))
        write(place, kept["rows"], kept["random"])
        return
    for name, target in TARGETS.items():
        if not asked.names or name.rpartition("/")[2] in asked.names:
            kept["rows"][name] = measured(name, target, unit)
            print(name, kept["rows"][name], flush=True)
            write(place, kept["rows"], kept["random"])


def measured(name: str, target: float, unit: float) -> FamilyRow:
    """The row of one problem file."""
    began = time.process_time()
    solution = pikan.solve(ROOT / "problems" / f"{name}.yaml")
    seconds = time.process_time() - began
    report = solution.report
    estimate = float("inf") if report.estimate is None else report.estimate.relative_l2
    known = max((one.relative_l2 for one in report.errors.values()), default=estimate)
    row = FamilyRow(
        target=target,
        error=known if report.family is None else worst(solution, name),
        estimate=estimate,
        qrs=seconds / unit,
        numbers=report.network.parameters,
    )
    if report.family is not None:
        row["members"], row["rank"] = report.family.nodes, report.family.rank
        row["milliseconds"] = report.family.milliseconds
        row["call"] = milliseconds_of_a_call(solution)
    return row


def milliseconds_of_a_call(solution: Solution) -> float:
    """The least time of the processor that a plain call takes on other points [ms]."""
    chance, times = np.random.default_rng(0), list[float]()
    box = member(solution.problem, _drawn(solution, chance)).box
    for _ in range(_CALLS):
        points = chance.uniform(box.lower, box.upper, (_ON_POINTS, box.dimension))
        coordinates = dict(zip(box.coordinates, points.T, strict=True))
        values = _drawn(solution, chance)
        began = time.process_time()
        solution(**coordinates, **values)
        times.append(time.process_time() - began)
    return 1e3 * min(times)


def worst(solution: Solution, name: str) -> float:
    """The relative L2 error of the worst member at fresh parameters."""
    if solution.problem.exact is None and "burgers" not in name:
        return worst_of_solved(solution, _SOLVED, 12345)
    chance = np.random.default_rng(12345)
    box = member(solution.problem, _drawn(solution, chance)).box
    points = chance.uniform(box.lower, box.upper, (_POINTS, box.dimension))
    answer = solution.on(points)
    errors: list[float] = []
    for _ in range(_FRESH):
        values = _drawn(solution, chance)
        own = member(solution.problem, values)
        if own.exact is None:
            reference = cole_hopf(own.box, "u", parse("-sin(pi*x)"), values["nu"])
        else:
            reference = own.exact
        errors.append(_relative(np.asarray(answer(**values)), reference.values(points)[:, 0]))
    return max(errors)


def worst_of_solved(solution: Solution, count: int, seed: int) -> float:
    """The same against members that are solved by themselves."""
    chance = np.random.default_rng(seed)
    box = member(solution.problem, _drawn(solution, chance)).box
    points = chance.uniform(box.lower, box.upper, (_POINTS, box.dimension))
    errors: list[float] = []
    for _ in range(count):
        values = _drawn(solution, chance)
        own = solution.at(**values)
        alone = pikan.solve(own.spec)
        errors.append(_relative(np.asarray(own(points)), np.asarray(alone(points))))
    return max(errors)


def _drawn(solution: Solution, chance: np.random.Generator) -> Mapping[str, float]:
    """Random values of the parameters, even on their scales."""
    return {one.name: one.value(chance.uniform(-1.0, 1.0)) for one in solution.problem.parameters}


def _relative(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.linalg.norm(found - truth) / np.linalg.norm(truth))


def honesty(count: int) -> Mapping[str, float]:
    """How often the estimate of random families held, and how far it was above the error.

    Families that have been compared before are not solved again.
    """
    place = RESULTS / "families_random.json"
    rows = json.loads(place.read_text()) if place.exists() else dict[str, dict[str, float]]()
    for seed in range(count):
        if str(seed) in rows:
            continue
        solution = pikan.solve(random_family(seed))
        estimate = solution.report.estimate
        rows[str(seed)] = {} if estimate is None else {"estimate": estimate.relative_l2}
        rows[str(seed)]["error"] = worst_of_solved(solution, _OF_RANDOM, seed)
        print(seed, solution.outcome.kind, rows[str(seed)], flush=True)
        place.write_text(json.dumps(rows, indent=1) + "\n")
    asked = [rows[str(seed)] for seed in range(count)]
    ratios = [row["estimate"] / max(row["error"], 1e-16) for row in asked if "estimate" in row]
    held = np.array(ratios)
    return {
        "families": count,
        "estimated": len(held),
        "held": float((held >= 1.0).mean()),
        "within_ten": float((held >= 0.1).mean()),
        "median_ratio": float(np.median(held)),
        "worst_ratio": float(held.min()),
        "largest_ratio": float(held.max()),
    }


def random_family(seed: int) -> str:
    """The text of a random family; the kinds take turns, those that take longer seldom."""
    five = (two_point, resonant, oscillator, two_point, diffusing)
    kinds = (*five, *five, *five, two_point, resonant, oscillator, two_point, reacting)
    return kinds[seed % len(kinds)](np.random.default_rng(seed))


def two_point(chance: np.random.Generator) -> str:
    """-a u'' + b u' + c u = f between random bounds, one or two of the numbers varied."""
    low = 10.0 ** chance.uniform(-1.5, 0.0)
    ends = {
        "a": (low, low * 10.0 ** chance.uniform(0.3, 1.5)),
        "b": (chance.uniform(-2.0, 0.0), chance.uniform(0.5, 3.0)),
        "c": (0.0, chance.uniform(1.0, 20.0)),
        "s": (1.0, chance.uniform(2.0, 5.0)),
    }
    wave, value = chance.uniform(1.0, 6.0), chance.uniform(-1.0, 1.0)
    return stated(
        "x: [0, 1]",
        ends,
        chance.choice(list(ends), size=chance.integers(1, 3), replace=False).tolist(),
        f"-a*u_xx + b*u_x + c*u = 1 + s*cos({wave:.4f}*x) + exp(-s*x)",
        ["where: x = 0, that: u = 0", f"where: x = 1, that: u = {value:.4f}"],
    )


def resonant(chance: np.random.Generator) -> str:
    """u'' + k^2 u = f with resonances in k, and at times a source that moves as well."""
    low = chance.uniform(1.0, 4.0)
    ends = {
        "k": (low, low + chance.uniform(2.0, 12.0)),
        "m": (chance.uniform(0.1, 0.4), chance.uniform(0.5, 0.9)),
    }
    return stated(
        "x: [0, 1]",
        ends,
        ["k", "m"][: chance.integers(1, 3)],
        f"u_xx + k^2*u = exp(-{chance.uniform(5.0, 20.0):.3f}*(x - m)^2)",
        ["where: x = 0, that: u = 0", "where: x = 1, that: u = 0"],
    )


def reacting(chance: np.random.Generator) -> str:
    """-a u'' + r u^3 + u = f, which is not linear, one or two of the numbers varied."""
    low = 10.0 ** chance.uniform(-1.3, -0.5)
    ends = {
        "a": (low, low * 10.0 ** chance.uniform(0.3, 1.2)),
        "r": (0.0, chance.uniform(0.5, 5.0)),
        "s": (-1.0, chance.uniform(1.0, 4.0)),
    }
    return stated(
        "x: [0, 1]",
        ends,
        chance.choice(list(ends), size=chance.integers(1, 3), replace=False).tolist(),
        f"-a*u_xx + u + r*u^3 = 2*sin({chance.uniform(1.0, 5.0):.4f}*x) + s*x",
        ["where: x = 0, that: u = 0", "where: x = 1, that: u_x = 0"],
    )


def oscillator(chance: np.random.Generator) -> str:
    """u'' + d u' + w^2 u = cos, from rest at a height h."""
    low = chance.uniform(0.5, 3.0)
    ends = {
        "w": (low, low * chance.uniform(1.2, 2.5)),
        "d": (0.0, chance.uniform(0.2, 2.0)),
        "h": (-1.0, 2.0),
    }
    return stated(
        "t: [0, 4]",
        ends,
        chance.choice(list(ends), size=chance.integers(1, 3), replace=False).tolist(),
        f"u_tt + d*u_t + w^2*u = cos({chance.uniform(0.5, 3.0):.4f}*t)",
        ["where: t = 0, that: u = h", "where: t = 0, that: u_t = 0"],
    )


def diffusing(chance: np.random.Generator) -> str:
    """u_t = a u_xx - r u from a hump, one of the two numbers varied."""
    low = 10.0 ** chance.uniform(-1.5, -0.5)
    ends = {
        "a": (low, low * 10.0 ** chance.uniform(0.3, 1.5)),
        "r": (chance.uniform(-2.0, 0.0), chance.uniform(0.5, 3.0)),
    }
    return stated(
        "x: [0, 1], t: [0, 0.5]",
        ends,
        [chance.choice(list(ends))],
        "u_t = a*u_xx - r*u",
        [
            f"where: t = 0, that: u = sin(pi*x) + {chance.uniform(-1.0, 1.0):.4f}*sin(2*pi*x)",
            "where: boundary, that: u = 0",
        ],
    )


def stated(
    domain: str,
    ends: Mapping[str, tuple[float, float]],
    chosen: Sequence[str],
    equation: str,
    conditions: Sequence[str],
) -> str:
    """The text of a problem whose chosen constants are parameters, the others at their lower end.

    Those that are zero there are in the middle.
    """
    fixed = {
        key: f"{low or (low + high) / 2:.6g}"
        for key, (low, high) in ends.items()
        if key not in chosen
    }
    varied = {key: f"[{ends[key][0]:.6g}, {ends[key][1]:.6g}]" for key in ends if key in chosen}
    constants, parameters = (
        ", ".join(f"{key}: {value}" for key, value in each.items()) for each in (fixed, varied)
    )
    return "\n".join(
        [
            "name: random",
            f"domain: {{{domain}}}",
            f"constants: {{{constants}}}",
            f"parameters: {{{parameters}}}",
            "unknowns: [u]",
            f'equations: ["{equation}"]',
            "conditions:",
            *(f"  - {{{one}}}" for one in conditions),
            "accuracy: 1e-8",
        ]
    )


def write(place: Path, rows: Mapping[str, FamilyRow], random: Mapping[str, float]) -> None:
    """Leave the rows as JSON and as a table in Markdown."""
    ordered = {key: rows[key] for key in TARGETS if key in rows}
    place.write_text(json.dumps({"rows": ordered, "random": random}, indent=1) + "\n")
    lines = [
        "| problem | target | error | estimate | QRs | numbers | members | rank | ms | call, ms |",
        "|" + " --- |" * 10,
    ]
    for name, row in ordered.items():
        cells = [row["target"], row["error"], row["estimate"], row["qrs"]]
        counts = [row["numbers"], row.get("members", "-"), row.get("rank", "-")]
        times = [row.get("milliseconds"), row.get("call")]
        text = [*map(_shown, cells), *map(str, counts), *map(_shown, times)]
        lines.append(f"| {name} | {' | '.join(text)} |")
    if random:
        lines.append(
            f"\nOf {random['families']} random families the estimate held for the worst of "
            f"{_OF_RANDOM} fresh members in {100 * random['held']:.1f} % of the "
            f"{random['estimated']} that have one, and the error was below ten estimates in "
            f"{100 * random['within_ten']:.1f} %; the estimate was at least "
            f"{random['worst_ratio']:.2g}, at most {random['largest_ratio']:.2g}, and in the "
            f"median {random['median_ratio']:.2g} "
            "times the error."
        )
    lines.append(
        f"\nThreads: {torch.get_num_threads()}; the first time is of an answer on 5,000 points "
        "that stay, the second of a plain call on others, for one value of each parameter."
    )
    place.with_suffix(".md").write_text("\n".join(lines) + "\n")


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"


if __name__ == "__main__":
    main()
