"""A next level has as high degrees as the limits allow, and words say which of them binds."""

from dataclasses import replace

import pytest
import torch

from pikan.factory import p_refinement_settings
from pikan.optimize.outcome import Outcome
from pikan.planning.planner import complete
from pikan.solvers.spectral.level import diagnose
from pikan.solvers.spectral.limits import affordable, size_of, time_of, too_large, too_late
from pikan.spec.formulas import problem as problem_of
from pikan.spec.stages.climb import ClimbSettings
from tests.stated import evenly, fitted, spec

TEXT = """
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [laplacian(u) = 4]
conditions: [{where: boundary, that: u = x^2 + y^2}]
exact: {u: x^2 + y^2}
"""
GIVEN = spec(TEXT)
PROBLEM = problem_of(GIVEN)
SETTINGS = p_refinement_settings(complete(GIVEN, PROBLEM)[0], PROBLEM, ClimbSettings())
SAMPLES = torch.rand(20, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def level(degree=8, largest=200, determined=False, problem=PROBLEM, samples=SAMPLES):
    return diagnose(
        fitted(problem, degree),
        Outcome("converged", ""),
        evenly(samples),
        largest,
        determined=determined,
        near=True,
    )


def following(wanted, degrees=(8, 8), settings=SETTINGS, **given):
    return affordable(PROBLEM, settings, level(**given), degrees, wanted)


def test_degrees_that_fit_are_those_wanted():
    assert size_of(PROBLEM, (3, 4)) == 20
    assert following((13, 13)) == (13, 13)
    assert following((8, 10)) == (8, 10)


def test_degrees_go_as_far_toward_those_wanted_as_there_is_room():
    # 14² are 196 coefficients, 15² are 225.
    assert following((20, 20)) == (13, 13)
    assert following((20, 8)) == (20, 8)
    assert following((8, 40)) == (8, 20)


def test_a_few_more_coefficients_would_show_nothing():
    assert following((20, 20), largest=99) == (8, 8)
    assert following((20, 8), largest=84) == (8, 8)
    # Three rows of nine more are a third, which is enough.
    assert following((20, 8), largest=110) == (11, 8)


def test_matrices_along_coordinates_have_to_fit_into_memory():
    small = replace(SETTINGS, dense=20)
    # Four times 20² numbers: 11 x 11 x 11 are 1331, 12 x 12 x 12 are 1728.
    assert following((20, 20), settings=small, largest=10_000, determined=True) == (10, 10)
    assert following((20, 20), settings=small, largest=10_000) == (20, 20)
    narrow = replace(SETTINGS, dense=30)
    # One row of 31 is one too long, however few they are.
    assert following((40, 1), (8, 1), settings=narrow, largest=10_000, determined=True)[0] <= 29


def posed(equation, left="u = 0"):
    """A problem of one coordinate."""
    return problem_of(
        spec(f"""
domain: {{x: [0, 1]}}
unknowns: [u]
equations: ["{equation}"]
conditions: [{{where: x = 0, that: {left}}}]
exact: {{u: x}}
""")
    )


def test_dense_levels_take_the_cube_of_their_size_and_separable_ones_nothing():
    # 18² coefficients are four times 9²; so few take no longer than the least rate says.
    assert time_of(PROBLEM, level(), 1e-3, (17, 17)) == pytest.approx(1e-3 * 4**3)
    assert time_of(PROBLEM, level(), 2.0, (17, 17)) == pytest.approx(324**3 / 1e8)
    assert time_of(PROBLEM, level(determined=True), 2.0, (17, 17)) == 0.0
    for equation, steps in (("u_x = 1", 1.0), ("u_x = 1 + u^2 - x^2", 4.0)):
        problem = posed(equation)
        alone = level(determined=True, problem=problem, samples=SAMPLES[:, :1])
        assert time_of(problem, alone, 1e-6, (17,)) == pytest.approx(1e-6 * 2**3 / steps)


def test_the_limit_that_binds_is_the_one_to_raise():
    largest = replace(SETTINGS, largest=200, dense=300)
    assert "climb: {largest: 441}" in too_large(PROBLEM, largest, (20, 20), level()).message
    dense = replace(SETTINGS, largest=40_000, dense=200)
    told = too_large(PROBLEM, dense, (20, 20), None)
    assert told.kind == "out of budget"
    assert "441 coefficients, of degree 20 x 20" in told.message
    assert "'memory' allows 200 in a dense matrix" in told.message
    wide = too_large(PROBLEM, dense, (20, 20), level(largest=40_000, determined=True))
    assert "does not allow matrices that large" in wide.message
    assert "(20, 20)" in too_late((20, 20)).message
    assert too_late((20, 20)).kind == "out of budget"
