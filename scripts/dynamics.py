"""Laws of motion and hidden reactions found from data: the terms, the functions and the forecast.

`python scripts/dynamics.py --draws 5` makes `results/dynamics.json` and `results/dynamics.md`.
Without noise there is one draw. Seeds from 100 on had no part in choosing the method.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np
from scipy.integrate import solve_ivp

import pikan
from intervals import RESULTS, noisy, trajectory

# Lotka's and Volterra's x, y at t = 14 from (1, 1), to twelve digits.
AT_END = (1.993757019111, 0.307529625561)
PREDATOR_PREY = """
domain: {t: [0, 3.5]}
unknowns: [x, y]
find: {"f(x, y)": {degree: 2, formula: true}, "g(x, y)": {degree: 2, formula: true}}
equations:
  - x_t = f(x, y)
  - y_t = g(x, y)
data: [{file: data.npz, unknowns: {x: x, y: y}}]
forecast: {t: 14}
"""
TERMS = {"f": {"x", "x*y"}, "g": {"y", "x*y"}}
FISHER = """
domain: {x: [-1, 1], t: [0.5, 5]}
unknowns: [u]
find: {D: 0.1, "r(u)": {degree: 4, formula: true}}
equations: ["u_t = D*u_xx + r(u)"]
conditions: [{periodic: x}]
data: [{file: data.npz, unknowns: {u: u}}]
"""


def solve(text: str, columns: Mapping[str, np.ndarray]) -> tuple[pikan.Solution, float]:
    """The solution of a file with its columns of data, and the seconds of the processor."""
    with TemporaryDirectory() as folder:
        np.savez(Path(folder, "data.npz"), allow_pickle=False, **columns)
        file = Path(folder, "case.yaml")
        file.write_text(text)
        began = process_time()
        return pikan.solve(file), process_time() - began


def predator_prey(share: float, seed: int) -> dict[str, object]:
    """Both right sides from 35 points on [0, 3.5), and what they say of t = 14."""
    t = np.arange(35) / 10
    made = trajectory(
        lambda _, y: (1.5 * y[0] - y[0] * y[1], y[0] * y[1] - 3 * y[1]), (1.0, 1.0), t
    )
    seen = noisy(made, share, np.random.default_rng(seed))
    solution, seconds = solve(PREDATOR_PREY, {"t": t, "x": seen[0], "y": seen[1]})
    end = np.array([14.0])
    ends = [float(solution.forecast[name](end)[0]) for name in "xy"]
    bands = [solution.forecast[name].band(end) for name in "xy"]
    return {
        "right": all(set(solution.functions[k].terms) == TERMS[k] for k in TERMS),
        "error": float(np.abs(np.subtract(ends, AT_END)).max()),
        "held": all(
            float(low[0]) <= truth <= float(high[0])
            for (low, high), truth in zip(bands, AT_END, strict=True)
        ),
        "outcome": solution.outcome.kind,
        "seconds": seconds,
    }


def fisher(share: float, seed: int) -> dict[str, object]:
    """r(u) = u - u^2 with D = 0.01 unknown too, from 25 x 10 values on [0.5, 5]."""
    modes = 256
    x = -1 + 2 * np.arange(modes) / modes
    k = np.pi * np.fft.fftfreq(modes, 1 / modes)
    times = np.linspace(0.5, 5.0, 10)

    def rates(_: float, u: np.ndarray) -> np.ndarray:
        return np.fft.ifft(-0.01 * k**2 * np.fft.fft(u)).real + u * (1 - u)

    start = (np.tanh((x + 0.4) / 0.02) - np.tanh((x - 0.4) / 0.02)) / 2
    made = solve_ivp(rates, (0.0, 5.0), start, "DOP853", times, rtol=1e-11, atol=1e-12).y
    places = np.arange(0, modes, modes // 25)[:25]
    seen = noisy(made[places], share, np.random.default_rng(seed))
    mesh = np.meshgrid(x[places], times, indexing="ij")
    columns = {"x": mesh[0].ravel(), "t": mesh[1].ravel(), "u": seen.ravel()}
    solution, seconds = solve(FISHER, columns)
    one = solution.functions["r"]
    u = np.linspace(one.axes[0][0], one.axes[0][-1], 200)
    truth, (low, high) = u * (1 - u), one.band(u)
    return {
        "right": set(one.terms) == {"u", "u^2"},
        "error": float(np.linalg.norm(one(u) - truth) / np.linalg.norm(truth)),
        "held": float(((low <= truth) & (truth <= high)).mean()),
        "D": solution.found["D"].value,
        "outcome": solution.outcome.kind,
        "seconds": seconds,
    }


def main() -> None:
    """Makes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--only", default="", help="cases whose name begins so")
    asked = parser.parse_args()
    path = RESULTS / "dynamics.json"
    rows = json.loads(path.read_text()) if path.is_file() else {}
    for name, case in {"predator and prey": predator_prey, "Fisher-KPP": fisher}.items():
        for share in (0.0, 0.01):
            title = f"{name}, {f'{share:.0%} noise' if share else 'exact'}"
            if title.startswith(asked.only):
                seeds = range(asked.first, asked.first + (asked.draws if share else 1))
                rows[title] = [case(share, seed) for seed in seeds]
                print(title, json.dumps(rows[title]), flush=True)
                path.write_text(json.dumps(rows, indent=1) + "\n")
    lines = [
        "Functions of unknowns found from data, D unknown in Fisher-KPP (`scripts/dynamics.py`).",
        "Error: of x and y at t = 14, the larger; of r(u), relative L2. Held: forecasts in their",
        "band, points of r(u) in its band.",
        "",
        "| case | terms right | median error | held | converged | CPU s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for title, draws in rows.items():
        right, converged = (
            sum(bool(one["right"]) for one in draws),
            sum(one["outcome"] == "converged" for one in draws),
        )
        error, seconds = (median(one[key] for one in draws) for key in ("error", "seconds"))
        held = sum(float(one["held"]) for one in draws) / len(draws)
        lines.append(
            f"| {title} | {right} of {len(draws)} | {error:.1e} | {held:.0%} | "
            f"{converged} of {len(draws)} | {seconds:.0f} |"
        )
    path.with_suffix(".md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
