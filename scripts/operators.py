"""Fit operators to pairs made here, beside their targets: results/operators.json and operators.md.

    OMP_NUM_THREADS=1 python scripts/operators.py [--seconds 60] [NAME ...]

1,000 pairs are fitted, 200 others compared; rows that are not named stay as they are. The
antiderivative is of sums of Gaussian bumps, exact; diffusion and reaction is
s_t = 0.01 s_xx + 0.01 s^2 + v(x) from zero, with zero ends, v a Gaussian random field of length
0.2, by 128 sines and 400 steps of ETDRK4 (Cox and Matthews 2002, doi 10.1006/jcph.2002.6995).
Burgers' equation goes from a periodic state of law N(0, 625 (-D + 25)^-2) to that at t = 1, by Cole
and Hopf's transformation on 512 points, given on 128 (Li et al. 2021, arXiv 2010.08895, section
5.1). Darcy is -div(a grad u) = 1 with zero boundary values on 85 x 85 points, given on 29 x 29,
a from a field of law N(0, 9 (-D + 9)^-2): 12 where it is positive and 3 elsewhere, or its
exponential; there what is learned is the rest beside a solve by the same scheme on the points of
the data.

Beside them a Fourier neural operator and a DeepONet are trained on the same pairs, for about so
many seconds of the processor each. Times are those of the processor, as a multiple of one QR
factorization of a random 4000 x 1000 matrix.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.sparse as sparse
from scipy.fft import dst, idctn
from scipy.sparse.linalg import splu
from scipy.special import erf

from pikan import operator
from pikan.operators.operator import Evolution, Method
from rough import qr_seconds

RESULTS = Path(__file__).resolve().parents[1] / "results"
_TRAIN, _TEST = 1000, 200
_TIMED = 20
_NEURAL: tuple[Method, ...] = ("fno", "deeponet")
Pairs = tuple[np.ndarray, np.ndarray]


class Job(NamedTuple):
    """An operator: the error that is wanted, its pairs, and what is known of its equation.

    `solve` gives outputs nearly, beside which the rest is learned; None where there is no such.
    """

    target: float
    pairs: Callable[[int, np.random.Generator], Pairs]
    evolution: Evolution | None = None
    solve: Callable[[np.ndarray], np.ndarray] | None = None


def main() -> None:
    """The operators that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=float, default=60.0)
    asked = parser.parse_args()
    file, unit = RESULTS / "operators.json", qr_seconds()
    if not asked.names:
        file.write_text("{}\n")
    for name in asked.names or JOBS:
        row = row_of(JOBS[name], unit, asked.seconds)
        print(name, json.dumps(row, indent=1), flush=True)
        known = {**json.loads(file.read_text()), name: row}
        rows = {one: known[one] for one in JOBS if one in known}
        file.write_text(json.dumps(rows, indent=1) + "\n")
        lines = [table_line(None), *(table_line(one) for one in rows.items())]
        (RESULTS / "operators.md").write_text("\n".join(lines) + "\n")


def row_of(job: Job, unit: float, seconds: float) -> dict[str, object]:
    """What is measured of an operator."""
    a, u = job.pairs(_TRAIN + _TEST, np.random.default_rng(0))
    began = time.process_time()
    given, near = a, np.zeros_like(u)
    if job.solve is not None:
        near = np.stack([job.solve(one) for one in a])
        given = np.stack([np.log(a), near / near.std()], axis=1)
    fitted = operator.fit(given[:_TRAIN], (u - near)[:_TRAIN], evolution=job.evolution)
    qrs = (time.process_time() - began) / unit
    test = operator.relative_errors(near[_TRAIN:] + fitted(given[_TRAIN:]), u[_TRAIN:])
    row: dict[str, object] = {
        "target": job.target,
        "qrs": qrs,
        "test": asdict(test),
        **asdict(fitted.report),
    }
    if job.solve is not None:
        row["solve"] = operator.relative_errors(near[_TRAIN:], u[_TRAIN:]).mean
    row["neural"] = {
        f"{method}, symmetries" if told else method: neural_row(method, told, a, u, unit, seconds)
        for method in _NEURAL
        for told in ([None, job.evolution] if job.evolution else [None])
    }
    return row


def neural_row(
    method: Method,
    told: Evolution | None,
    a: np.ndarray,
    u: np.ndarray,
    unit: float,
    seconds: float,
) -> dict[str, object]:
    """A neural operator on the same pairs, trained in as many steps as the time allows."""

    def fit(steps: int) -> tuple[operator.Operator, float]:
        began = time.process_time()
        made = operator.fit(a[:_TRAIN], u[:_TRAIN], method=method, steps=steps, evolution=told)
        return made, time.process_time() - began

    # The first time takes longer; what is not training is the same in the others.
    _, none, few = (fit(steps)[1] for steps in (1, 1, 1 + _TIMED))
    steps = max(int(_TIMED * seconds / max(few - none, few / 4)), 10)
    made, took = fit(steps)
    test = made.test(a[_TRAIN:], u[_TRAIN:])
    return {"steps": steps, "qrs": took / unit, "test": asdict(test)}


def table_line(row: tuple[str, Mapping[str, object]] | None) -> str:
    """A line of the table; None for its head."""
    if row is None:
        names = ["operator", "target", "test mean", "worst", "method", "linear", "floor", "QRs"]
        heads = [*names, *(f"{one} (QRs)" for one in _NEURAL), "best"]
        return "| " + " | ".join(heads) + " |\n|" + " --- |" * len(heads)
    name, one = row
    test, held, neural = one["test"], one["held_out"], one.get("neural", {})
    assert isinstance(test, Mapping)
    assert isinstance(held, Mapping)
    assert isinstance(neural, Mapping)
    means = {"pikan": test["mean"], **{key: each["test"]["mean"] for key, each in neural.items()}}
    rest = " of the rest" * ("solve" in one)
    cells = [
        # A bar would end the cell.
        name.replace("|", "\\|"),
        f"{one['target']:.1e}",
        f"{test['mean']:.2e}",
        f"{test['worst']:.1e}",
        f"{one['method']}" + (f" beside a solve of {one['solve']:.1e}" if rest else ""),
        f"{held['linear']:.1e}{rest}",
        f"{one['floor']:.1e}{rest}",
        f"{one['qrs']:.2g}",
    ]
    for method in _NEURAL:
        own = {key: each for key, each in neural.items() if key.startswith(method)}
        said = [
            f"{each['test']['mean']:.1e} ({each['qrs']:.0f})" + ", in frames" * ("," in key)
            for key, each in own.items()
        ]
        cells.append("; ".join(said) or "-")
    best = min(means, key=lambda key: means[key]) if neural else "-"
    return "| " + " | ".join([*cells, best]) + " |"


def antiderivative(count: int, chance: np.random.Generator) -> Pairs:
    """Sums of bumps on [0, 1] and their integrals from zero."""
    x, middles, width = np.linspace(0, 1, 101), np.linspace(-0.3, 1.3, 40)[:, None], 0.15
    weights = chance.normal(size=(count, len(middles)))
    bumps = np.exp(-((x - middles) ** 2) / (2 * width**2))
    areas = erf((x - middles) / (width * np.sqrt(2))) - erf(-middles / (width * np.sqrt(2)))
    return weights @ bumps, weights @ (width * np.sqrt(np.pi / 2) * areas)


def reaction(count: int, chance: np.random.Generator) -> Pairs:
    """Sources on 101 points, and solutions on 51 points at 51 moments."""
    modes, steps = 128, 400
    x = np.arange(1, modes) / modes
    rates = -0.01 * (np.pi * np.arange(1, modes)) ** 2
    sensors = np.linspace(0, 1, 101)
    both = np.concatenate([x, sensors])
    field = np.exp(-((both[:, None] - both) ** 2) / (2 * 0.2**2))
    values, functions = np.linalg.eigh(field)
    root = functions * np.sqrt(np.maximum(values, 0.0))
    drawn = chance.normal(size=(count, len(both))) @ root.T
    source, dt = drawn[:, : len(x)], 1.0 / steps
    half, whole, q, f1, f2, f3 = etdrk4(rates, dt)

    def force(c: np.ndarray) -> np.ndarray:
        u = sines(c) / 2
        return sines(0.01 * u**2 + source) / modes

    c = np.zeros_like(source)
    kept = [np.zeros((count, 51))]
    for step in range(1, steps + 1):
        n0 = force(c)
        first = half * c + q * n0
        n1 = force(first)
        n2 = force(half * c + q * n1)
        n3 = force(half * first + q * (2 * n2 - n0))
        c = whole * c + f1 * n0 + 2 * f2 * (n1 + n2) + f3 * n3
        if step % 8 == 0:
            u = np.pad(sines(c) / 2, ((0, 0), (1, 1)))
            kept.append(u[:, np.linspace(0, modes, 51).round().astype(int)])
    return drawn[:, len(x) :], np.stack(kept, axis=2)


def sines(values: np.ndarray) -> np.ndarray:
    """Twice the sums of sines along the last axis."""
    return np.asarray(dst(values, type=1))


def etdrk4(rates: np.ndarray, dt: float) -> tuple[np.ndarray, ...]:
    """The coefficients of a step, by means over circles (Kassam and Trefethen 2005).

    doi 10.1137/S1064827502410633.
    """
    z = dt * rates[:, None] + np.exp(1j * np.pi * (np.arange(1, 33) - 0.5) / 32)
    means = [
        (np.exp(z / 2) - 1) / z,
        (-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3,
        (2 + z + np.exp(z) * (-2 + z)) / z**3,
        (-4 - 3 * z - z**2 + np.exp(z) * (4 - z)) / z**3,
    ]
    return np.exp(dt * rates / 2), np.exp(dt * rates), *(dt * m.mean(axis=1).real for m in means)


def burgers(count: int, nu: float, chance: np.random.Generator) -> Pairs:
    """Periodic states on 128 points, and those of Burgers' equation at t = 1."""
    points = 512
    k = np.fft.rfftfreq(points, 1 / points)
    sizes = 25 / (4 * np.pi**2 * k**2 + 25) * points
    drawn = (chance.normal(size=(count, k.size)) + 1j * chance.normal(size=(count, k.size))) * sizes
    drawn /= np.sqrt(2)
    drawn[:, 0] = chance.normal(size=count) * sizes[0]
    drawn[:, -1] = 0
    states = np.fft.irfft(drawn, points)
    return states[:, ::4], burgers_later(states, nu)[:, ::4]


def burgers_later(states: np.ndarray, nu: float) -> np.ndarray:
    """The states of Burgers' equation at t = 1: u = -2 nu phi_x / phi, and phi obeys heat."""
    points = states.shape[1]
    k = np.fft.rfftfreq(points, 1 / points)
    waves = 2j * np.pi * k
    means = states.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(states - means)
    spectrum[:, 1:] /= waves[1:]
    potential = np.fft.irfft(spectrum, points)
    start = np.exp(-(potential - potential.min(axis=1, keepdims=True)) / (2 * nu))
    phi = np.fft.rfft(start) * np.exp(-nu * np.abs(waves) ** 2)
    slopes, values = np.fft.irfft(waves * phi, points), np.fft.irfft(phi, points)
    moved = np.fft.rfft(-2 * nu * slopes / values) * np.exp(-waves * means)
    return np.fft.irfft(moved, points) + means


def darcy(count: int, exponential: bool, chance: np.random.Generator) -> Pairs:
    """Conductivities and pressures on 29 x 29 points."""
    fine, every = 85, 3
    k = np.arange(fine)
    sizes = 3 * fine / (np.pi**2 * (k[:, None] ** 2 + k**2) + 9)
    sizes[0, 0] = 0
    drawn = sizes * chance.normal(size=(count, fine, fine))
    fields = np.asarray(idctn(drawn, norm="ortho", axes=(1, 2)))
    a = np.exp(fields) if exponential else np.where(fields >= 0, 12.0, 3.0)
    u = np.stack([five_points(one) for one in a])
    return a[:, ::every, ::every], u[:, ::every, ::every]


def five_points(a: np.ndarray) -> np.ndarray:
    """-div(a grad u) = 1 on the unit square, u = 0 around it, by the five-point scheme."""
    n = len(a) - 2
    inner = np.arange(n * n).reshape(n, n)
    along_x = (a[1:, 1:-1] + a[:-1, 1:-1]) / 2 * (n + 1) ** 2
    along_y = (a[1:-1, 1:] + a[1:-1, :-1]) / 2 * (n + 1) ** 2
    diagonal = along_x[1:] + along_x[:-1] + along_y[:, 1:] + along_y[:, :-1]
    x, y = along_x[1:-1].ravel(), along_y[:, 1:-1].ravel()
    pairs = [(inner[1:], inner[:-1]), (inner[:-1], inner[1:])]
    pairs += [(inner[:, 1:], inner[:, :-1]), (inner[:, :-1], inner[:, 1:])]
    rows = np.concatenate([inner.ravel(), *(one.ravel() for one, _ in pairs)])
    columns = np.concatenate([inner.ravel(), *(other.ravel() for _, other in pairs)])
    values = np.concatenate([diagonal.ravel(), -x, -x, -y, -y])
    matrix = sparse.csc_matrix((values, (rows, columns)), shape=(n * n, n * n))
    options = {"SymmetricMode": True}
    factored = splu(matrix, "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
    return np.pad(factored.solve(np.ones(n * n)).reshape(n, n), 1)


def burgers_job(target: float, nu: float) -> Job:
    """Burgers' equation of a viscosity, and what its states obey."""
    return Job(target, lambda n, c: burgers(n, nu, c), Evolution(f"u_t + u*u_x = {nu}*u_xx"))


JOBS: Mapping[str, Job] = {
    "antiderivative": Job(1e-6, antiderivative),
    "diffusion and reaction": Job(1e-5, reaction),
    "burgers 0.1": burgers_job(7e-4, 0.1),
    "burgers 0.01": burgers_job(3e-3, 0.01),
    "darcy 3 | 12": Job(1.3e-2, lambda n, c: darcy(n, False, c), solve=five_points),
    "darcy lognormal": Job(1e-3, lambda n, c: darcy(n, True, c), solve=five_points),
}


if __name__ == "__main__":
    main()
