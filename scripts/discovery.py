"""How often the right terms of known equations are discovered from noisy values.

    python scripts/discovery.py [--draws 10] [--first 200] [--peer] [CASE ...]

`--peer` has PySINDy, which must be installed beside, look at the same values (peers/sindy.py).

The data are made here by Fourier modes: exactly where the equation is linear, else by Runge-Kutta
steps of fourth order with an integrating factor. Seeds below 200 were looked at while the method
was made; none from 200 on was. Leaves results/discovery.json and results/discovery.md.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

import pikan

RESULTS = Path(__file__).resolve().parents[1] / "results"
CANDIDATES = (
    "u",
    "u^2",
    "u^3",
    "u_x",
    "u*u_x",
    "u^2*u_x",
    "u_xx",
    "u_x^2",
    "u*u_xx",
    "u_xxx",
    "u_xxxx",
)
NOISES = (0.0, 0.01, 0.05, 0.1, 0.25)
POINTS = (128, 64)

Values = Float[np.ndarray, " n"]
Peer = Callable[[np.ndarray, Values, Values, Mapping[str, float], int], float | None]


class Case(NamedTuple):
    """An equation with its terms, on x from -half to half until a time, and its start.

    `linear` is the factor of u in its linear part by the wave number k, `nonlinear` the rest.
    """

    left: str
    terms: Mapping[str, float]
    half: float
    until: float
    start: Callable[[Values], Values]
    linear: Callable[[Float[np.ndarray, " n"]], np.ndarray]
    nonlinear: Callable[[Values, Values], Values]


def nothing(u: Values, _slope: Values) -> Values:
    """No nonlinear part."""
    return 0.0 * u


CASES: Mapping[str, Case] = {
    "convection-diffusion": Case(
        "u_t", {"u_x": -1.0, "u_xx": 0.25}, 4.0, 2.0,
        lambda x: np.exp(-((x + 1) ** 2)) + 0.4 * np.sin(np.pi * x / 2),
        lambda k: -1j * k - 0.25 * k**2, nothing,
    ),
    "burgers": Case(
        "u_t", {"u*u_x": -1.0, "u_xx": 0.1}, 4.0, 3.0,
        lambda x: np.exp(-((x + 1) ** 2)) + 0.5 * np.sin(np.pi * x / 4),
        lambda k: -0.1 * k**2, lambda u, slope: -u * slope,
    ),
    "kdv": Case(
        "u_t", {"u*u_x": -6.0, "u_xxx": -1.0}, 8.0, 1.5,
        lambda x: np.exp(-((x + 2) ** 2) / 4) + 0.5 * np.exp(-((x - 3) ** 2) / 3),
        lambda k: 1j * k**3, lambda u, slope: -6.0 * u * slope,
    ),
    "chafee-infante": Case(
        "u_t", {"u_xx": 1.0, "u": 1.0, "u^3": -1.0}, 4.0, 1.0,
        lambda x: 1.5 * np.sin(np.pi * x / 2) + 0.5 * np.cos(np.pi * x / 4),
        lambda k: 1.0 - k**2, lambda u, _: -(u**3),
    ),
    "allen-cahn": Case(
        "u_t", {"u_xx": 0.05, "u": 1.0, "u^3": -1.0}, 2.0, 3.0,
        lambda x: 0.9 * np.sin(np.pi * x / 2) + 0.4 * np.cos(np.pi * x),
        lambda k: 1.0 - 0.05 * k**2, lambda u, _: -(u**3),
    ),
    "klein-gordon": Case(
        "u_tt", {"u_xx": 0.5, "u": -5.0}, 4.0, 3.0,
        lambda x: np.exp(-(x**2)) + 0.3 * np.cos(np.pi * x / 4),
        lambda k: np.sqrt(0.5 * k**2 + 5.0), nothing,
    ),
}  # fmt: skip


def simulate(case: Case, modes: int = 512, substeps: int = 40) -> tuple[Values, Values, np.ndarray]:
    """The axes and the exact field of a case."""
    x = -case.half + 2 * case.half * np.arange(modes) / modes
    k = np.pi / case.half * np.fft.fftfreq(modes, 1 / modes)
    t = np.linspace(0.0, case.until, POINTS[1])
    factor, v = case.linear(k), np.fft.fft(case.start(x))
    fields: list[Values] = []
    if case.left == "u_tt":
        fields = [np.fft.ifft(v * np.cos(factor * each)).real for each in t]
    h = float(t[1]) / substeps
    whole, half = np.exp(factor * h), np.exp(factor * h / 2)
    kept = np.abs(k) < np.abs(k).max() * 2 / 3

    def rest(v: np.ndarray) -> np.ndarray:
        u, slope = np.fft.ifft(v).real, np.fft.ifft(1j * k * v).real
        return kept * np.fft.fft(case.nonlinear(u, slope))

    while len(fields) < len(t):
        fields.append(np.fft.ifft(v).real)
        for _ in range(substeps):
            a = rest(v)
            b = rest(half * (v + h / 2 * a))
            c = rest(half * v + h / 2 * b)
            d = rest(whole * v + h * half * c)
            v = whole * v + h / 6 * (whole * a + 2 * half * (b + c) + d)
    every = modes // POINTS[0]
    return x[::every], t, np.array(fields).T[::every]


def run(case: Case, noise: float, seed: int, peer: Peer | None) -> dict[str, object]:
    """What one draw of the noise finds."""
    x, t, exact = simulate(case)
    drawn = noise * exact.std() * np.random.default_rng(seed).standard_normal(exact.shape)
    began = perf_counter()
    found = pikan.discover(exact + drawn, x=x, t=t, left=case.left, candidates=CANDIDATES)
    assert not isinstance(found, tuple)
    right = set(found.terms) == set(case.terms)
    ratios = [
        abs(found.terms[name].value - value) / found.terms[name].standard_error
        for name, value in case.terms.items()
        if right
    ]
    errors = [abs(found.terms[name].value / v - 1) for name, v in case.terms.items() if right]
    return {
        "seed": seed,
        "equation": found.equation,
        "right": right,
        "error": max(errors, default=None),
        "held": sum(ratio < 1.96 for ratio in ratios),
        "coefficients": len(ratios),
        "votes": found.votes,
        "alternatives": [list(one.terms) for one in found.alternatives],
        "seconds": perf_counter() - began,
        # Its weak form has first derivatives with respect to time alone.
        **(
            {"peer": peer(exact + drawn, x, t, case.terms, seed)}
            if peer and case.left == "u_t"
            else {}
        ),
    }


def row(case: str, noise: float, draws: list[dict[str, object]]) -> str:
    """A row of the table."""
    right = [one for one in draws if one["right"]]
    errors = [float(str(one["error"])) for one in right]
    held = sum(int(str(one["held"])) for one in right)
    of = sum(int(str(one["coefficients"])) for one in right)
    doubted = sum(bool(one["alternatives"]) for one in draws)
    worst = f"{median(errors):.1e}" if errors else ""
    seconds = median(float(str(one["seconds"])) for one in draws)
    peers = [one["peer"] for one in draws if "peer" in one]
    beside = f"{sum(one is not None for one in peers)} of {len(peers)}" if peers else ""
    return (
        f"| {case} | {noise:.0%} | {len(right)} of {len(draws)} | {worst} | {held} of {of} "
        f"| {doubted} | {seconds:.1f} | {beside} |"
    )


def main() -> None:
    """Run all cases and leave the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=list(CASES))
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--first", type=int, default=200)
    parser.add_argument("--peer", action="store_true", help="PySINDy beside")
    asked = parser.parse_args()
    peer = import_module("peers.sindy").error if asked.peer else None
    torch.set_num_threads(1)
    results: list[dict[str, object]] = []
    rows: list[str] = []
    for noise in NOISES:
        for name in asked.cases:
            # Exact values are the same in every draw.
            seeds = range(asked.first, asked.first + (asked.draws if noise else 1))
            draws = [run(CASES[name], noise, seed, peer) for seed in seeds]
            results.append({"case": name, "noise": noise, "draws": draws})
            rows.append(row(name, noise, draws))
            print(rows[-1], flush=True)
            (RESULTS / "discovery.json").write_text(json.dumps(results, indent=1) + "\n")
            (RESULTS / "discovery.md").write_text(_HEAD + "\n".join(rows) + "\n")


_HEAD = f"""# Terms of equations from noisy values

By `scripts/discovery.py`, which makes the data; {POINTS[0]} x {POINTS[1]} values, white noise in
parts of the field's standard deviation, candidates {", ".join(CANDIDATES)}, at most 4 terms, weak
form alone. "Right": exactly the terms of the equation; the error is the median of the worst
coefficient's; "held": 95 % intervals of right draws that hold the coefficient; "doubted": draws in
which other terms were said to explain the data as well; "PySINDy": draws in which its weak form has
the right terms for the best of 240 choices of domains and thresholds, chosen with the answer.

| equation | noise | right | error | held | doubted | seconds | PySINDy |
|---|---|---|---|---|---|---|---|
"""

if __name__ == "__main__":
    main()
