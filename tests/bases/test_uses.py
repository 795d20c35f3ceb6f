"""Every basis solves a small problem from a file, and learns a function as part of a model."""

from statistics import median

import pytest
import torch

import pikan
from pikan.bases.registry import FAMILIES
from pikan.run import solve_to_end
from tests.stated import spec

BEAM = """
domain: {x: [-1, 1]}
unknowns: [u]
equations: [u_xx + u = (1 - pi^2)*sin(pi*x)]
conditions: [{where: boundary, that: u = 0}]
exact: {u: sin(pi*x)}
"""
HEAT = """
domain: {x: [-1, 1], t: [0, 1]}
unknowns: [u]
equations: [u_t = 0.1*u_xx]
conditions: [{where: t = 0, that: u = sin(pi*x) + cos(2*pi*x)}, {periodic: x}]
exact: {u: exp(-0.1*pi^2*t)*sin(pi*x) + exp(-0.4*pi^2*t)*cos(2*pi*x)}
"""
# Degree, grid and the error to be reached; cells alone make no Gaussians of degree 7 exact.
NUMBERS = {"bspline": (5, 20, 1e-5), "rbf": (7, 12, 1e-4)}


@pytest.mark.parametrize("name", [*FAMILIES, "jacobi(0.5, -0.5)", "fourier(2)"])
def test_every_basis_solves_a_problem_from_a_file(name):
    degree, grid, accuracy = NUMBERS.get(name, (16, 1, 1e-9))
    network = {"kind": "product", "basis": name, "degree": degree, "grid": grid}
    solution = solve_to_end(spec(BEAM, network=network))
    assert solution.errors["u"].relative_l2 < accuracy


def test_waves_in_space_times_polynomials_in_time_solve_a_periodic_problem():
    network = {"kind": "product", "basis": ["fourier", "chebyshev"], "degree": [4, 16]}
    solution = solve_to_end(spec(HEAT, network=network))
    assert solution.errors["u"].relative_l2 < 1e-12


@pytest.mark.parametrize("name", [*FAMILIES, "jacobi(0.5, -0.5)", "fourier(2)"])
def test_every_basis_learns_a_function_as_part_of_a_model(name):
    dataset = pikan.create_dataset(lambda x: torch.sin(torch.pi * x).exp().sum(1), train_num=300)
    k = 3 if name in NUMBERS else 6
    models = [pikan.KAN([2, 3, 1], grid=5, k=k, basis=name, seed=seed) for seed in range(3)]
    left = [m.fit(dataset, opt="LM", steps=40, quiet=True)["test_loss"][-1] for m in models]
    assert median(left) < 2e-2
    assert f"basis='{name}'" in repr(models[0])
