"""How often 95 % intervals of constants found from data hold the truth.

Each case draws data with known constants and noise; `python scripts/intervals.py --draws 50` makes
`results/intervals.json` and `results/intervals.md`. Seeds from 100 on had no part in choosing the
method.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import NamedTuple

import numpy as np
from scipy.integrate import solve_ivp

import pikan

RESULTS = Path(__file__).resolve().parents[1] / "results"


class Case(NamedTuple):
    """A problem file, its constants, and columns of data drawn with a seed."""

    text: str
    constants: Mapping[str, float]
    draw: Callable[[np.random.Generator], Mapping[str, np.ndarray]]


Values = np.ndarray
Right = Callable[[float, Values], Sequence[float]]


def trajectory(right: Right, start: Sequence[float], times: Values) -> Values:
    """A solution of an ordinary differential equation at times, to twelve digits."""
    end = float(times[-1])
    return solve_ivp(right, (0.0, end), start, "DOP853", times, rtol=1e-12, atol=1e-12).y


def noisy(values: Values, share: float, generator: np.random.Generator) -> Values:
    """Values with noise of a share of their standard deviation."""
    return values + share * values.std() * generator.standard_normal(values.shape)


def lorenz(count: int, share: float) -> Case:
    """The constants of Lorenz' equations from all three components on [0, 3]."""
    t = np.linspace(0.0, 3.0, count)
    made = trajectory(
        lambda _, y: (10 * (y[1] - y[0]), y[0] * (15 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]),
        (-8.0, 7.0, 27.0),
        t,
    )
    spread = made.std(axis=1).mean()

    def draw(generator: np.random.Generator) -> Mapping[str, np.ndarray]:
        seen = made + share * spread * generator.standard_normal(made.shape)
        return {"t": t, **dict(zip("xyz", seen, strict=True))}

    text = """
domain: {t: [0, 3]}
unknowns: [x, y, z]
find: {s: 1, r: 1, b: 1}
equations: [x_t = s*(y - x), y_t = x*(r - z) - y, z_t = x*y - b*z]
data: [{file: data.npz, unknowns: {x: x, y: y, z: z}}]
"""
    return Case(text, {"s": 10.0, "r": 15.0, "b": 8 / 3}, draw)


def predator_prey(share: float) -> Case:
    """The constants of Lotka's and Volterra's equations from 35 points on [0, 3.5)."""
    t = np.arange(35) / 10
    made = trajectory(
        lambda _, y: (1.5 * y[0] - y[0] * y[1], y[0] * y[1] - 3 * y[1]), (1.0, 1.0), t
    )

    def draw(generator: np.random.Generator) -> Mapping[str, np.ndarray]:
        return {"t": t, **dict(zip("xy", noisy(made, share, generator), strict=True))}

    text = """
domain: {t: [0, 3.5]}
unknowns: [x, y]
find: {a: 1, b: 1, c: 1, d: 1}
equations: [x_t = a*x - b*x*y, y_t = c*x*y - d*y]
data: [{file: data.npz, unknowns: {x: x, y: y}}]
"""
    return Case(text, {"a": 1.5, "b": 1.0, "c": 1.0, "d": 3.0}, draw)


def oscillator() -> Case:
    """Damping and frequency from 20 random times, noise 0.05."""

    def draw(generator: np.random.Generator) -> Mapping[str, np.ndarray]:
        t = np.sort(generator.uniform(0.0, 10.0, 20))
        omega = (4.0 - 0.04) ** 0.5
        x = np.exp(-0.2 * t) * (np.cos(omega * t) + 0.2 / omega * np.sin(omega * t))
        return {"t": t, "x": x + 0.05 * generator.standard_normal(20)}

    text = """
domain: {t: [0, 10]}
unknowns: [x]
find: {g: 1, w: 1}
equations: [x_tt + 2*g*x_t + w*x = 0]
data: [{file: data.npz, unknowns: {x: x}}]
"""
    return Case(text, {"g": 0.2, "w": 4.0}, draw)


def heat(share: float) -> Case:
    """The conductivity of a rod with cold ends from 50 random points."""

    def draw(generator: np.random.Generator) -> Mapping[str, np.ndarray]:
        x, t = generator.random((2, 50))
        u = np.exp(-0.1 * np.pi**2 * t) * np.sin(np.pi * x)
        return {"x": x, "t": t, "u": noisy(u, share, generator)}

    text = """
domain: {x: [0, 1], t: [0, 1]}
unknowns: [u]
find: {k: 1}
equations: [u_t = k*u_xx]
conditions:
  - {where: t = 0, that: u = sin(pi*x)}
  - {where: boundary, that: u = 0}
data: [{file: data.npz, unknowns: {u: u}}]
"""
    return Case(text, {"k": 0.1}, draw)


CASES: Mapping[str, Callable[[], Case]] = {
    "lorenz, 25 points, 1 %": lambda: lorenz(25, 0.01),
    "lorenz, 100 points, 5 %": lambda: lorenz(100, 0.05),
    "predator and prey, 2 %": lambda: predator_prey(0.02),
    "predator and prey, 10 %": lambda: predator_prey(0.1),
    "oscillator, 20 points": oscillator,
    "heat, 50 points, 1 %": lambda: heat(0.01),
    "heat, 50 points, 10 %": lambda: heat(0.1),
}


def study(case: Case, draws: int, first: int) -> Mapping[str, object]:
    """Errors, interval widths and coverage of a case over draws; how the runs ended."""
    values, halves, outcomes, seconds = [], [], [], []
    for seed in range(first, first + draws):
        with TemporaryDirectory() as folder:
            np.savez(
                Path(folder, "data.npz"),
                allow_pickle=False,
                **case.draw(np.random.default_rng(seed)),
            )
            file = Path(folder, "case.yaml")
            file.write_text(case.text)
            began = process_time()
            solution = pikan.solve(file)
            seconds.append(process_time() - began)
        found = solution.found.values()
        values.append([one.value for one in found])
        halves.append([(one.interval[1] - one.interval[0]) / 2 for one in found])
        outcomes.append(solution.outcome.kind)
    truth = np.array(list(case.constants.values()))
    errors, halves = np.array(values) - truth, np.array(halves)
    return {
        "draws": draws,
        "constants": list(case.constants),
        "relative rms error": np.sqrt((errors**2).mean(axis=0) / truth**2).tolist(),
        "median relative half width": np.median(halves / abs(truth), axis=0).tolist(),
        "covered": (abs(errors) <= halves).mean(axis=0).tolist(),
        "converged": outcomes.count("converged"),
        "median CPU seconds": float(np.median(seconds)),
    }


def table(rows: Mapping[str, Mapping[str, object]]) -> str:
    """The table of results/intervals.md."""
    lines = [
        "95 % intervals of constants found from noisy data, relative (`scripts/intervals.py`).",
        "",
        "| case | constant | rms error | half width | covered | draws | converged | CPU s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in rows.items():
        columns = ("constants", "relative rms error", "median relative half width", "covered")
        for constant, error, half, covered in zip(*(row[c] for c in columns), strict=True):
            lines.append(
                f"| {name} | {constant} | {error:.1e} | {half:.1e} | {covered:.0%} | "
                f"{row['draws']} | {row['converged']} | {row['median CPU seconds']:.1f} |"
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Makes the study; cases already there with as many draws are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=50)
    parser.add_argument("--first", type=int, default=100, help="the first seed")
    parser.add_argument("--only", default="", help="cases whose name begins so")
    asked = parser.parse_args()
    path = RESULTS / "intervals.json"
    rows = json.loads(path.read_text()) if path.is_file() else {}
    for name, make in CASES.items():
        if name.startswith(asked.only):
            rows[name] = study(make(), asked.draws, asked.first)
            print(name, json.dumps(rows[name]), flush=True)
            path.write_text(json.dumps(rows, indent=1) + "\n")
            path.with_suffix(".md").write_text(table(rows))


if __name__ == "__main__":
    main()
