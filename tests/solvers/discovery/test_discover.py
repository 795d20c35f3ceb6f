"""Tests of discovery: the terms of known equations from their exact and noisy solutions."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import pikan
from pikan.expression.evaluate import evaluate
from pikan.expression.parse import parse
from pikan.solvers.discovery.bump_functions import bump_functions
from pikan.solvers.discovery.measured_grid import difference_noise
from pikan.solvers.discovery.weak_term import weak_term, without_noise
from pikan.solvers.subsets import best_subsets, regression
from pikan.spec.faults import SpecError

CANDIDATES = "[u, u^2, u^3, u_x, u*u_x, u_xx, u_xxx]"
FILE = """
domain: {{x: [0, 6], t: [0, 2]}}
unknowns: [u]
discover: [{{left: {left}, candidates: {candidates}}}]
data: [{{file: grid.npz, unknowns: {{u: u}}{noise}}}]
training: [{{identify: {{largest: 150}}}}]
"""


def write(folder, u, x, t, left="u_t", candidates=CANDIDATES, noise=""):
    np.savez(folder / "grid.npz", x=x, t=t, u=u)
    file = folder / "what.yaml"
    file.write_text(FILE.format(left=left, candidates=candidates, noise=noise))
    return file


def diffusion(x, t):
    """u_t = -u_x + 0.1 u_xx."""
    x, t = x[:, None], t[None]
    return sum(
        a * np.exp(-0.1 * k**2 * t) * np.sin(k * (x - t) + p)
        for a, k, p in ((1.0, 1.0, 0.3), (0.6, 2.0, 1.0), (0.3, 3.0, 2.0))
    )


X, T = np.linspace(0, 6, 64), np.linspace(0, 2, 40)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_convection_and_diffusion_are_discovered_with_intervals_that_hold(tmp_path, noise):
    u = diffusion(X, T)
    u = u + noise * u.std() * np.random.default_rng(11).standard_normal(u.shape)
    solution = pikan.solve(write(tmp_path, u, X, T))
    assert solution.outcome.kind == "converged"
    (one,) = solution.report.discovered
    assert set(one.terms) == {"u_x", "u_xx"}
    for name, value in (("u_x", -1.0), ("u_xx", 0.1)):
        found = solution.found[name]
        assert abs(found.value - value) < 4.0 * found.standard_error + 1e-9
    # The equations of a discovery are those of its problem, also when it is loaded again.
    solution.save(tmp_path / "run")
    again = pikan.load(tmp_path / "run")
    assert again.report.discovered == solution.report.discovered
    assert again.problem.equations == solution.problem.equations


def test_terms_that_a_wave_does_not_tell_apart_are_named(tmp_path):
    # Of one sine, u_xx is -u: no data of it say which of the two drives the decay.
    u = np.exp(-0.3 * T[None]) * np.sin(X[:, None])
    u = u + 0.01 * np.random.default_rng(5).standard_normal(u.shape)
    solution = pikan.solve(write(tmp_path, u, X, T, candidates="[u, u_xx, u_x]"))
    assert solution.outcome.kind == "stalled"
    assert "do not tell" in solution.outcome.message
    assert {name for one in solution.report.discovered for name in one.terms} <= {"u", "u_xx"}


def test_a_system_is_discovered_from_arrays():
    # The oscillator x' = v, v' = -4 x - 0.2 v, from one trajectory.
    t = np.linspace(0.0, 10.0, 201)
    w = np.sqrt(3.99)
    x = np.exp(-0.1 * t) * np.cos(w * t)
    v = -0.1 * x - w * np.exp(-0.1 * t) * np.sin(w * t)
    draw = np.random.default_rng(17)
    noisy = {"x": x + 0.01 * draw.standard_normal(201), "v": v + 0.02 * draw.standard_normal(201)}
    candidates = ["x", "v", "x^2", "x*v", "v^2", "x^3"]
    first, second = pikan.discover(noisy, t=t, left=["x_t", "v_t"], candidates=candidates)
    # Where noise lets more terms in, the one that is enough is named beside them.
    others = {one.terms for one in first.alternatives}
    assert set(first.terms) == {"x_t: v"} or ("x_t: v",) in others
    assert set(second.terms) == {"v_t: x", "v_t: v"}
    for name, value in (("v_t: x", -4.0), ("v_t: v", -0.2)):
        assert abs(second.terms[name].value - value) < 4.0 * second.terms[name].standard_error


FAULTS = {
    "[u, u_x, u]": "'u' is the same as 'u'; leave one of them out",
    "[u, u_x, 1*u_t]": "'1*u_t' is the same as 'u_t'",
    "[u, v_x]": "which is no unknown",
    "[u, __import__('os')]": "",
    "[" + ", ".join(f"u^{k}" for k in range(1, 22)) + "]": "21 candidates",
}


@pytest.mark.parametrize("candidates", FAULTS)
def test_candidates_at_fault_are_told(tmp_path, candidates):
    file = write(tmp_path, diffusion(X, T), X, T, candidates=candidates)
    with pytest.raises(SpecError, match=r"discover\.0\.candidates") as caught:
        pikan.solve(file)
    assert FAULTS[candidates] in str(caught.value)


def test_data_that_make_no_grid_are_told(tmp_path):
    u = diffusion(X, T)
    u[3, 4] = np.nan
    with pytest.raises(SpecError, match="no even grid"):
        pikan.solve(write(tmp_path, u, X, T))
    with pytest.raises(SpecError, match="64 x 9 points"):
        pikan.solve(write(tmp_path, diffusion(X, T[:9]), X, T[:9]))


PLANE = SimpleNamespace(coordinates=("x", "t"), unknowns=("u",))


@pytest.mark.parametrize("candidate", ["u_xx", "u*u_x", "u^2*u_x", "3*u_xxx", "(1 + u^3)*u_x"])
def test_integration_by_parts_leaves_the_integral_of_a_candidate(candidate):
    x = torch.linspace(0.0, 6.0, 121, dtype=torch.float64)
    t = torch.linspace(0.0, 2.0, 81, dtype=torch.float64)
    tests = bump_functions((x, t), (0.2, 0.2), (3, 0), 1, 100)
    phase = x[:, None] - t[None]
    sine, cosine = phase.sin(), phase.cos()
    values = {"u": sine, "u_x": cosine, "u_xx": -sine, "u_xxx": -cosine}
    weak = weak_term(PLANE, parse(candidate))
    moved = tests.integrals(weak.orders, evaluate(weak.flux, values, torch))
    direct = tests.integrals((0, 0), evaluate(parse(candidate), values, torch))
    assert any(weak.orders)
    torch.testing.assert_close(moved, direct, rtol=1e-5, atol=1e-5)


@given(st.floats(-2.0, 2.0), st.floats(0.0, 1.0), st.sampled_from(["u^2", "u^3", "u^4 - u", "u^5"]))
def test_the_mean_over_noise_of_a_corrected_power_is_the_power_without_noise(u, noise, power):
    nodes, weights = np.polynomial.hermite_e.hermegauss(12)
    corrected = without_noise(PLANE, parse(power), [parse("v")])
    noisy = evaluate(corrected, {"u": u + noise * nodes, "v": noise**2}, np)
    mean = (weights * noisy).sum() / weights.sum()
    assert mean == pytest.approx(evaluate(parse(power), {"u": u}, np), rel=1e-9, abs=1e-9)


def test_sixth_differences_tell_the_noise_of_a_smooth_field():
    u = torch.from_numpy(diffusion(X, T))
    noise = 0.01 * torch.randn(u.shape, generator=torch.Generator().manual_seed(3)).double()
    assert difference_noise(u + noise) == pytest.approx(0.01, rel=0.05)
    assert difference_noise(u) < 1e-6


def test_the_best_subset_is_that_of_a_search_by_normal_equations():
    generator = torch.Generator().manual_seed(8)
    matrix = torch.randn(60, 6, generator=generator).double()
    left = matrix[:, 1] - 2.0 * matrix[:, 4] + torch.randn(60, generator=generator).double()
    best = best_subsets(matrix, left, largest=3, values=60, kept=5)
    assert best[0].places == (1, 4)
    fit = regression(matrix, left, (1, 4))
    chosen = matrix[:, [1, 4]]
    slow = torch.linalg.solve(chosen.mT @ chosen, chosen.mT @ left)
    torch.testing.assert_close(fit.coefficients, slow)
    torch.testing.assert_close(fit.covariance, torch.linalg.inv(chosen.mT @ chosen))
    assert fit.squares == pytest.approx(float((left - chosen @ slow).square().sum()))
