"""Which of the things that a process has one of are changed by what pikan does, as JSON."""

import json
import os
import random
import sys
import warnings
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import torch

import pikan

ROD = """\
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_xx + u^2 = sin(3*x)]
conditions: [{where: boundary, that: u = 0}]
"""
TRAINED = """\
network: {kind: kan, width: [1, 4, 1]}
sampling: {interior: {method: halton, points: 40}}
training: [{adam: {steps: 5}}, resample, {lbfgs: {steps: 3}}, {gauss_newton: {steps: 2}}]
memory: 10 MB
"""


def state() -> dict[str, object]:
    """All that a process has one of, as far as a library may be tempted to change it."""
    kind, keys, *numbers = np.random.get_state()  # noqa: NPY002 (the one to leave alone)
    return {
        "torch generator": sha256(torch.get_rng_state().numpy().tobytes()).hexdigest(),
        "numpy generator": (kind, sha256(keys.tobytes()).hexdigest(), *numbers),
        "python generator": random.getstate(),
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "gradients": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "errors of numpy": np.geterr(),
        "printing": np.get_printoptions(),
        "warnings": list(warnings.filters),
        "matplotlib": dict(mpl.rcParams),
        "backend": mpl.get_backend(),
        "figures": plt.get_fignums(),
        "environment": dict(os.environ),
        "folder": Path.cwd(),
        "recursion": sys.getrecursionlimit(),
    }


def solve(folder):
    """A schedule of stages."""
    (folder / "rod.yaml").write_text(ROD + TRAINED, encoding="utf-8")
    pikan.solve(folder / "rod.yaml", seed=1)


def keep(folder):
    """A climb, kept and loaded."""
    (folder / "climb.yaml").write_text(ROD, encoding="utf-8")
    pikan.solve(folder / "climb.yaml").keep(folder / "kept")
    pikan.load(folder / "kept")(x=0.5)


def plot(folder):
    """All figures."""
    solution = pikan.load(folder / "kept")
    solution.plot()._repr_png_()
    solution.plot_history()
    solution.save(folder / "saved")


def fit(folder):
    """A model."""
    dataset = pikan.create_dataset(lambda x: x[:, [0]] ** 2, n_var=2, train_num=50, test_num=20)
    model = pikan.KAN([2, 2, 1], seed=3)
    model.fit(dataset, steps=3, log=0)
    model.fit(dataset, opt="Adam", steps=3, log=0)
    model.plot()._repr_png_()


def sweep(folder):
    """Two runs in a process beside this one."""
    file = folder / "rods.yaml"
    file.write_text("problem: rod.yaml\ncrossed: {seed: [0, 1]}\n", encoding="utf-8")
    pikan.sweep(file, out=folder / "out", workers=1)


def changed(act, folder):
    """What is not as it was before."""
    before = state()
    act(folder)
    after = state()
    return sorted(name for name, value in before.items() if after[name] != value)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    # What libraries set up for themselves when they are first used is no doing of pikan's: rich
    # draws a number, torch's compiler and SciPy's statistics filter warnings.
    for name in ("rich.style", "torch._dynamo", "scipy.stats"):
        import_module(name)
    plt.close(plt.figure())
    acts = (solve, keep, plot, fit, sweep)
    found = {act.__name__: changed(act, place) for act in acts}
    json.dump(found, sys.stdout)
