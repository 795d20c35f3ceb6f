"""An estimate is never below rounding or a misfit, nor above a difference that bounds it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pikan.outcome import Outcome
from pikan.solving.estimate import extrapolated, remaining
from pikan.solving.level import distance
from pikan.solving.misfit import Misfit
from pikan.solving.rung import rung
from tests.stated import evenly, fitted, stated

PROBLEM = stated("""
domain: {x: [-1, 2]}
unknowns: [u]
equations: [u_x = cosh(x)]
conditions: [{where: x = -1, that: u = sinh(-1)}]
exact: {u: sinh(x)}
""")
SAMPLES = torch.linspace(-1, 2, 200, dtype=torch.float64)[:, None]
TRUTH = torch.sinh(SAMPLES)
EPS = torch.finfo(torch.float64).eps
FITS = Misfit("equation", 0.0)


KINKED = stated("""
domain: {x: [-1, 2]}
unknowns: [u]
equations: [u_x = sign(x - 0.3)]
conditions: [{where: x = -1, that: u = 1.3}]
exact: {u: abs(x - 0.3)}
""")


def level(degree, problem=PROBLEM):
    """The best polynomial of a degree, as a climb would have it."""
    network = fitted(problem, degree)
    end = Outcome("converged", "")
    return rung(network, end, evenly(SAMPLES), 1000, determined=False, near=True)


LEVELS = {degree: level(degree) for degree in range(2, 33)}
DEGREES = st.integers(2, 24)
MISFITS = st.floats(0.0, 1.0)


@given(DEGREES, DEGREES, MISFITS)
def test_an_estimate_is_never_below_rounding(one, other, misfit):
    assert remaining(LEVELS[one], LEVELS[other], Misfit("equation", misfit)) >= EPS


@given(DEGREES, st.integers(1, 8), st.floats(0.0, 1e-5))
def test_where_all_degrees_rose_and_equations_hold_the_difference_bounds_the_estimate(
    degree, more, misfit
):
    lower, higher = LEVELS[degree], LEVELS[degree + more]
    difference = distance(lower.values, higher.values)
    estimate = remaining(lower, higher, Misfit("equation", misfit))
    assert estimate <= max(difference, EPS)


@given(DEGREES, st.floats(1e-12, 1.0))
def test_what_is_left_of_the_equations_counts_where_no_degree_rose(degree, misfit):
    same = LEVELS[degree]
    assert remaining(same, same, Misfit("equation", misfit)) >= misfit


@given(DEGREES, st.integers(1, 8), st.floats(1e-4, 1.0))
def test_what_contradicts_itself_is_in_both_levels_and_counts(degree, more, misfit):
    estimate = remaining(LEVELS[degree], LEVELS[degree + more], Misfit("x = -1", misfit))
    assert estimate >= misfit


@pytest.mark.parametrize("degree", [4, 6, 8, 10])
def test_the_error_of_the_best_polynomial_is_told_within_tenfold(degree):
    lower, higher = LEVELS[degree], LEVELS[degree + 2]
    error = distance(higher.values, TRUTH)
    # Without its last two orders it is as far off as the level before, at most.
    before = distance(lower.values, TRUTH)
    assert error <= remaining(lower, higher, FITS) <= 10 * before


def test_in_systems_rounding_counts_as_that_of_derivatives_does():
    alone = LEVELS[30]
    beside = alone._replace(values=alone.values.repeat(1, 2))
    assert remaining(beside, beside, FITS) >= 31**2 * EPS > 10 * remaining(alone, alone, FITS)


ROUGH = [level(degree, KINKED) for degree in (8, 12, 18, 27, 40, 60, 90)]


@pytest.mark.parametrize("count", range(3, len(ROUGH) + 1))
def test_the_error_beside_a_kink_is_told_within_tenfold_by_the_rate_of_earlier_levels(count):
    error = distance(ROUGH[count - 1].values, (SAMPLES - 0.3).abs())
    estimate = extrapolated(ROUGH[:count], negligible=1e-6)
    assert error <= estimate <= 10 * error


def test_levels_that_do_not_come_nearer_to_the_last_one_tell_nothing():
    wandering = [one._replace(values=one.values * (-1) ** k) for k, one in enumerate(ROUGH)]
    assert extrapolated(wandering, negligible=1e-6) is None
    assert extrapolated(ROUGH[:1], negligible=1e-6) is None
    assert extrapolated(ROUGH[:2], negligible=1e-6) is None


def test_an_axis_that_is_resolved_needs_no_higher_degree_to_tell_of_the_others():
    def beside(one):
        return one._replace(decay=(one.decay[0], torch.tensor([1.0, 1e-9, 1e-9, 1e-9])))

    alone = extrapolated(ROUGH, negligible=1e-6)
    assert extrapolated([beside(one) for one in ROUGH], negligible=1e-6) == alone
