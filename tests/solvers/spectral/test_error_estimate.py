"""An estimate is never below rounding or a misfit, nor above a difference that bounds it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pikan.optimize.outcome import Outcome
from pikan.residuals.relative_residual import RelativeResidual
from pikan.solvers.level import distance
from pikan.solvers.spectral.error_estimate import error_estimate, extrapolated_error
from pikan.solvers.spectral.level import diagnose
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
FITS = RelativeResidual("equation", 0.0)


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
    return diagnose(network, end, evenly(SAMPLES), 1000, determined=False, near=True)


LEVELS = {degree: level(degree) for degree in range(2, 33)}
DEGREES = st.integers(2, 24)
MISFITS = st.floats(0.0, 1.0)


@given(DEGREES, DEGREES, MISFITS)
def test_an_estimate_is_never_below_rounding(one, other, relative_residual):
    assert (
        error_estimate(LEVELS[one], LEVELS[other], RelativeResidual("equation", relative_residual))
        >= EPS
    )


@given(DEGREES, st.integers(1, 8), st.floats(0.0, 1e-5))
def test_where_all_degrees_rose_and_equations_hold_the_difference_bounds_the_estimate(
    degree, more, relative_residual
):
    lower, higher = LEVELS[degree], LEVELS[degree + more]
    difference = distance(lower.values, higher.values)
    estimate = error_estimate(lower, higher, RelativeResidual("equation", relative_residual))
    assert estimate <= max(difference, EPS)


@given(DEGREES, st.floats(1e-12, 1.0))
def test_what_is_left_of_the_equations_counts_where_no_degree_rose(degree, relative_residual):
    same = LEVELS[degree]
    assert (
        error_estimate(same, same, RelativeResidual("equation", relative_residual))
        >= relative_residual
    )


@given(DEGREES, st.integers(1, 8), st.floats(1e-4, 1.0))
def test_what_contradicts_itself_is_in_both_levels_and_counts(degree, more, relative_residual):
    estimate = error_estimate(
        LEVELS[degree], LEVELS[degree + more], RelativeResidual("x = -1", relative_residual)
    )
    assert estimate >= relative_residual


@pytest.mark.parametrize("degree", [4, 6, 8, 10])
def test_the_error_of_the_best_polynomial_is_told_within_tenfold(degree):
    lower, higher = LEVELS[degree], LEVELS[degree + 2]
    error = distance(higher.values, TRUTH)
    # Without its last two orders it is as far off as the level before, at most.
    before = distance(lower.values, TRUTH)
    assert error <= error_estimate(lower, higher, FITS) <= 10 * before


def test_in_systems_rounding_counts_as_that_of_derivatives_does():
    alone = LEVELS[30]
    beside = alone._replace(values=alone.values.repeat(1, 2))
    assert (
        error_estimate(beside, beside, FITS)
        >= 31**2 * EPS
        > 10 * error_estimate(alone, alone, FITS)
    )


ROUGH = [level(degree, KINKED) for degree in (8, 12, 18, 27, 40, 60, 90)]


@pytest.mark.parametrize("count", range(3, len(ROUGH) + 1))
def test_the_error_beside_a_kink_is_told_within_tenfold_by_the_rate_of_earlier_levels(count):
    error = distance(ROUGH[count - 1].values, (SAMPLES - 0.3).abs())
    estimate = extrapolated_error(ROUGH[:count], negligible=1e-6)
    assert error <= estimate <= 10 * error


def test_levels_that_do_not_come_nearer_to_the_last_one_tell_nothing():
    wandering = [one._replace(values=one.values * (-1) ** k) for k, one in enumerate(ROUGH)]
    assert extrapolated_error(wandering, negligible=1e-6) is None
    assert extrapolated_error(ROUGH[:1], negligible=1e-6) is None
    assert extrapolated_error(ROUGH[:2], negligible=1e-6) is None


def test_an_axis_that_is_resolved_needs_no_higher_degree_to_tell_of_the_others():
    def beside(one):
        return one._replace(decay=(one.decay[0], torch.tensor([1.0, 1e-9, 1e-9, 1e-9])))

    alone = extrapolated_error(ROUGH, negligible=1e-6)
    assert extrapolated_error([beside(one) for one in ROUGH], negligible=1e-6) == alone


def test_levels_too_near_to_each_other_tell_of_no_rate():
    close = [level(degree, KINKED) for degree in (40, 44, 60)]
    assert extrapolated_error(close, negligible=1e-6) is None
    apart = [level(degree, KINKED) for degree in (27, 40, 60)]
    assert extrapolated_error(apart, negligible=1e-6) is not None


def test_an_estimate_is_the_difference_times_the_share_by_which_the_tails_fell():
    lower, higher = (
        LEVELS[8]._replace(decay=(torch.tensor([1.0, 0.1, tail, tail, tail]),), truncation=1e-9)
        for tail in (1e-2, 1e-5)
    )
    higher = higher._replace(values=lower.values * (1 + 1e-4))
    # From 1e-2 to 1e-5 the tails fell a thousandfold, and so did what is missed.
    assert error_estimate(lower, higher, FITS) == pytest.approx(1e-7, rel=1e-3)
    # Tails that grew tell of nothing less than the difference.
    assert error_estimate(higher, lower, FITS) == pytest.approx(1e-4, rel=1e-3)
    left_out = higher._replace(truncation=3e-6)
    assert error_estimate(lower, left_out, FITS) == pytest.approx(3e-6, rel=1e-12)
