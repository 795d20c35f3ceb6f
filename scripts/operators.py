"""Fit operators to pairs made here, beside their targets: results/operators.json and operators.md.

    OMP_NUM_THREADS=1 python scripts/operators.py

1,000 pairs are fitted, 200 others compared. The antiderivative is of sums of Gaussian bumps, exact;
diffusion and reaction is s_t = 0.01 s_xx + 0.01 s^2 + v(x) from zero, with zero ends, v a Gaussian
random field of length 0.2, by 128 sines and 400 steps of ETDRK4 (Cox and Matthews 2002,
doi 10.1006/jcph.2002.6995). Times are those of the processor, as a multiple of one QR factorization
of a random 4000 x 1000 matrix.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from scipy.fft import dst
from scipy.special import erf

from pikan import operator
from rough import qr_seconds

RESULTS = Path(__file__).resolve().parents[1] / "results"
_TRAIN, _TEST = 1000, 200
Pairs = tuple[np.ndarray, np.ndarray]


def main() -> None:
    """Both operators."""
    unit, rows = qr_seconds(), dict[str, object]()
    table = ["| operator | target | test mean | worst | method | floor | QRs |"]
    table.append("| --- | --- | --- | --- | --- | --- | --- |")
    jobs: list[tuple[str, float, Callable[[int, np.random.Generator], Pairs]]] = [
        ("antiderivative", 1e-6, antiderivative),
        ("diffusion and reaction", 1e-5, reaction),
    ]
    for name, target, made in jobs:
        a, u = made(_TRAIN + _TEST, np.random.default_rng(0))
        began = time.process_time()
        fitted = operator.fit(a[:_TRAIN], u[:_TRAIN])
        qrs = (time.process_time() - began) / unit
        test, report = fitted.test(a[_TRAIN:], u[_TRAIN:]), fitted.report
        rows[name] = {"target": target, "qrs": qrs, "test": asdict(test), **asdict(report)}
        numbers = f"{test.mean:.1e} | {test.worst:.1e} | {report.method} | {report.floor:.1e}"
        table.append(f"| {name} | {target:.0e} | {numbers} | {qrs:.2g} |")
        print(name, report, test, sep="\n", flush=True)
    (RESULTS / "operators.json").write_text(json.dumps(rows, indent=1) + "\n")
    (RESULTS / "operators.md").write_text("\n".join(table) + "\n")


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


if __name__ == "__main__":
    main()
