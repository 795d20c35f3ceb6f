"""How often 95 % intervals of constants and bands of functions found from data hold the truth.

Each case draws data with known constants and noise; `python scripts/intervals.py --draws 50` makes
`results/intervals.json` and `results/intervals.md`. Seeds from 100 on had no part in choosing the
method, but for 300 to 303 of Burgers' equation. A function counts by its relative L2 error and the
part of a thousand points at which its band holds it.
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
from pikan.expression.parse import parse
from pikan.geometry.box import Box
from pikan.references.cole_hopf import cole_hopf
from pikan.solvers.found import FoundFunction

RESULTS = Path(__file__).resolve().parents[1] / "results"


Values = np.ndarray
Right = Callable[[float, Values], Sequence[float]]
Files = Mapping[str, Mapping[str, Values]]


class Function(NamedTuple):
    """An unknown function and the intervals of its arguments."""

    of: Callable[..., Values]
    between: Sequence[tuple[float, float]]


class Case(NamedTuple):
    """A problem file, what is unknown in it, and columns of data files drawn with a seed."""

    text: str
    constants: Mapping[str, float]
    draw: Callable[[np.random.Generator], Files]
    functions: Mapping[str, Function] = {}


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

    def draw(generator: np.random.Generator) -> Files:
        seen = made + share * spread * generator.standard_normal(made.shape)
        return {"data.npz": {"t": t, **dict(zip("xyz", seen, strict=True))}}

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

    def draw(generator: np.random.Generator) -> Files:
        seen = noisy(made, share, generator)
        return {"data.npz": {"t": t, **dict(zip("xy", seen, strict=True))}}

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

    def draw(generator: np.random.Generator) -> Files:
        t = np.sort(generator.uniform(0.0, 10.0, 20))
        omega = (4.0 - 0.04) ** 0.5
        x = np.exp(-0.2 * t) * (np.cos(omega * t) + 0.2 / omega * np.sin(omega * t))
        return {"data.npz": {"t": t, "x": x + 0.05 * generator.standard_normal(20)}}

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

    def draw(generator: np.random.Generator) -> Files:
        x, t = generator.random((2, 50))
        u = np.exp(-0.1 * np.pi**2 * t) * np.sin(np.pi * x)
        return {"data.npz": {"x": x, "t": t, "u": noisy(u, share, generator)}}

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


def burgers(share: float, *, given: bool) -> Case:
    """Convection and viscosity of a shock from 2,000 of 256 x 100 values, as in Raissi et al. 2019.

    With conditions `given` or not; doi 10.1016/j.jcp.2018.10.045.
    """
    viscosity = 0.01 / np.pi
    box = Box(("x", "t"), (-1.0, 0.0), (1.0, 0.99))
    axes = np.linspace(-1.0, 1.0, 256), np.linspace(0.0, 0.99, 100)
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    made = cole_hopf(box, "u", parse("-sin(pi*x)"), viscosity).values(points)[:, 0]
    deviation = share * made.std()

    def draw(generator: np.random.Generator) -> Files:
        chosen = generator.choice(len(made), 2000, replace=False)
        (x, t), u = points[chosen].T, made[chosen]
        return {"data.npz": {"x": x, "t": t, "u": u + deviation * generator.standard_normal(2000)}}

    text = """
domain: {x: [-1, 1], t: [0, 0.99]}
unknowns: [u]
find: {a: 1, b: {guess: 0.01, scale: log}}
equations: [u_t + a*u*u_x = b*u_xx]
data: [{file: data.npz, unknowns: {u: u}}]
"""
    if given:
        text += """
conditions:
  - {where: t = 0, that: u = -sin(pi*x)}
  - {where: boundary, that: u = 0}
"""
    return Case(text, {"a": 1.0, "b": viscosity}, draw)


def reaction(sigma: float) -> Case:
    """A rate from values of a solution and of its source, as in Yang, Meng and Karniadakis 2021.

    doi 10.1016/j.jcp.2020.109913, section 3.3.1.
    """

    def source(x: Values) -> Values:
        bend = 36 * (6 * np.sin(6 * x) * np.cos(6 * x) ** 2 - 3 * np.sin(6 * x) ** 3)
        return 0.01 * bend + 0.7 * np.tanh(np.sin(6 * x) ** 3)

    def draw(generator: np.random.Generator) -> Files:
        few, many = np.linspace(-0.7, 0.7, 8), np.linspace(-0.7, 0.7, 32)
        noise = sigma * generator.standard_normal(40)
        return {
            "source.npz": {"x": many, "f": source(many) + noise[8:]},
            "data.npz": {"x": few, "u": np.sin(6 * few) ** 3 + noise[:8]},
        }

    text = f"""
domain: {{x: [-0.7, 0.7]}}
unknowns: [u]
find: {{k: 1, f(x): {{}}}}
equations: [0.01*u_xx + k*tanh(u) = f]
data:
  - {{file: source.npz, observed: {{f: f}}, noise: {sigma}}}
  - {{file: data.npz, unknowns: {{u: u}}, noise: {sigma}}}
"""
    return Case(text, {"k": 0.7}, draw)


def conductivity(count: int, share: float) -> Case:
    """A conductivity, of which nothing is given, from random values of the temperature."""

    def draw(generator: np.random.Generator) -> Files:
        x, y = generator.random((2, count))
        u = np.sin(np.pi * x) * np.sin(np.pi * y)
        return {"data.npz": {"x": x, "y": y, "u": noisy(u, share, generator)}}

    def true(x: Values, y: Values) -> Values:
        return 1 / (1 + x**2 + y**2 + (x - 1) ** 2 + (y - 1) ** 2)

    text = """
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
find: {"a(x, y)": {positive: true}}
equations:
  - >-
    -div(a*grad(u)) = 2*pi^2*sin(pi*x)*sin(pi*y)/(1 + x^2 + y^2 + (x-1)^2 + (y-1)^2)
    + pi*((4*x - 2)*cos(pi*x)*sin(pi*y) + (4*y - 2)*sin(pi*x)*cos(pi*y))
    /(1 + x^2 + y^2 + (x-1)^2 + (y-1)^2)^2
conditions: [{where: boundary, that: u = 0}]
data: [{file: data.npz, unknowns: {u: u}}]
"""
    return Case(text, {}, draw, {"a": Function(true, ((0.0, 1.0), (0.0, 1.0)))})


CASES: Mapping[str, Callable[[], Case]] = {
    "lorenz, 25 points, 1 %": lambda: lorenz(25, 0.01),
    "lorenz, 100 points, 5 %": lambda: lorenz(100, 0.05),
    "predator and prey, 2 %": lambda: predator_prey(0.02),
    "predator and prey, 10 %": lambda: predator_prey(0.1),
    "oscillator, 20 points": oscillator,
    "heat, 50 points, 1 %": lambda: heat(0.01),
    "heat, 50 points, 10 %": lambda: heat(0.1),
    "reaction, noise 0.01": lambda: reaction(0.01),
    "reaction, noise 0.1": lambda: reaction(0.1),
    "conductivity, 2500 points, 1 %": lambda: conductivity(2500, 0.01),
    "burgers, conditions given, 1 %": lambda: burgers(0.01, given=True),
    "burgers, 1 %": lambda: burgers(0.01, given=False),
    "burgers, 10 %": lambda: burgers(0.1, given=False),
}


def study(case: Case, draws: int, first: int) -> Mapping[str, object]:
    """Errors, interval widths and coverage of a case over draws; how the runs ended."""
    values, halves, outcomes, seconds, looks = [], [], [], [], []
    for seed in range(first, first + draws):
        with TemporaryDirectory() as folder:
            for name, columns in case.draw(np.random.default_rng(seed)).items():
                np.savez(Path(folder, name), allow_pickle=False, **columns)
            file = Path(folder, "case.yaml")
            file.write_text(case.text)
            began = process_time()
            solution = pikan.solve(file)
            seconds.append(process_time() - began)
        found = [solution.found[name] for name in case.constants]
        values.append([one.value for one in found])
        halves.append([(one.interval[1] - one.interval[0]) / 2 for one in found])
        outcomes.append(solution.outcome.kind)
        functions = solution.functions
        looks.append([look(functions[name], one) for name, one in case.functions.items()])
    truth = np.array(list(case.constants.values()))
    errors, halves = np.array(values) - truth, np.array(halves)
    error, half, held = np.array(looks).reshape(draws, -1, 3).mean(axis=0).T.tolist()
    return {
        "draws": draws,
        "unknown": [*case.constants, *case.functions],
        "relative rms error": [*np.sqrt((errors**2).mean(axis=0) / truth**2), *error],
        "median relative half width": [*np.median(halves / abs(truth), axis=0), *half],
        "covered": [*(abs(errors) <= halves).mean(axis=0), *held],
        "converged": outcomes.count("converged"),
        "median CPU seconds": float(np.median(seconds)),
    }


def look(found: FoundFunction, true: Function) -> tuple[float, float, float]:
    """Error and half width of a function, relative in L2, and the part of points in its band."""
    lower, upper = np.array(true.between).T
    points = np.random.default_rng(0).uniform(lower, upper, (1000, len(lower))).T
    values, (low, high) = true.of(*points), found.band(*points)
    size = np.linalg.norm(values)
    return (
        float(np.linalg.norm(found(*points) - values) / size),
        float(np.linalg.norm(high - low) / 2 / size),
        float(((low <= values) & (values <= high)).mean()),
    )


def table(rows: Mapping[str, Mapping[str, object]]) -> str:
    """The table of results/intervals.md."""
    lines = [
        "95 % intervals of constants found from noisy data, relative (`scripts/intervals.py`); of",
        "functions mean error and half width in L2, and the part of points that the band holds.",
        "",
        "| case | unknown | rms error | half width | covered | draws | converged | CPU s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in rows.items():
        columns = ("unknown", "relative rms error", "median relative half width", "covered")
        for constant, error, half, covered in zip(*(row[c] for c in columns), strict=True):
            lines.append(
                f"| {name} | {constant} | {error:.1e} | {half:.1e} | {covered:.0%} | "
                f"{row['draws']} | {row['converged']} | {row['median CPU seconds']:.1f} |"
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Makes the study; cases that are not asked for are kept."""
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
