"""Radau stages: exact for polynomials, of order 2 s - 1, and stiffly accurate."""

import numpy as np
import pytest
import torch

from pikan.solvers.spectral_elements.stages import radau_points, radau_step


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_derivatives_at_the_stages_are_exact_for_polynomials(count):
    stages = radau_step(0.5, 0.25, count, 1.0).stages
    t = stages.moments
    for power in range(count + 1):
        start = torch.tensor([0.5**power], dtype=torch.float64)
        found = stages.weights[1][1] @ t**power + stages.starts[1][1] @ start
        expected = power * t ** (power - 1) if power else torch.zeros_like(t)
        torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_quadrature_at_the_points_is_exact_to_degree_two_s_minus_two(count):
    points = radau_points(count)
    assert points[-1] == 1.0
    vandermonde = np.polynomial.legendre.legvander(points, count - 1)
    weights = np.linalg.solve(vandermonde.T, 2.0 * np.eye(count)[0])
    for power in range(2 * count - 1):
        exact = (1 - (-1) ** (power + 1)) / (power + 1)
        assert abs(weights @ points**power - exact) < 1e-12


def test_one_step_of_a_linear_equation_is_of_order_two_s_and_damps_what_is_stiff():
    def step(rate, length, count):
        stages = radau_step(0.0, length, count, length).stages
        matrix = stages.weights[1][1] + rate * torch.eye(count, dtype=torch.float64)
        return float(torch.linalg.solve(matrix, -stages.starts[1][1][:, 0])[-1])

    errors = [abs(step(1.0, length, 3) - np.exp(-length)) for length in (0.1, 0.05)]
    assert abs(np.log2(errors[0] / errors[1]) - 6) < 0.3
    assert abs(step(1e9, 1.0, 3)) < 1e-8


def test_no_moment_comes_after_the_last_one():
    assert float(radau_step(0.0, 1.0, 4, 0.9).stages.moments.max()) == 0.9
