"""A search goes on to dearer expansions only where the cheaper ones do not reach the accuracy."""

import pytest
import torch

from pikan.factory import search_settings
from pikan.network.product import LowRank
from pikan.optimize.outcome import Outcome
from pikan.planning.planner import complete
from pikan.residuals.relative_residual import RelativeResidual
from pikan.solvers.high_dimensional import search as module
from pikan.solvers.high_dimensional.level import SearchLevel, diagnose
from pikan.solvers.level import SolverResult
from pikan.spec.formulas import problem as problem_of
from pikan.spec.stages.climb import ClimbSettings
from tests.stated import finish, spec

GIVEN = spec("""
domain: {a: [0, 1], b: [0, 1], c: [0, 1], d: [0, 1]}
unknowns: [u]
equations: [laplacian(u) = u^2]
conditions: [{where: boundary, that: u = 1}]
accuracy: 1e-6
""")
PROBLEM = problem_of(GIVEN)
SETTINGS = search_settings(complete(GIVEN, PROBLEM)[0], PROBLEM, ClimbSettings())
NETWORK = SETTINGS.network(1, 1)


def level(words, left, estimate=None):
    values = torch.ones(3, 1, dtype=torch.float64)
    return SearchLevel(words, NETWORK, values, RelativeResidual("equation", left), estimate)


def searched(monkeypatch, few, low_rank, many=None):
    """How a search ends that finds these, one after the other, and what it has tried."""
    tried: list[str] = []
    answers = iter(low_rank)

    def sparse(problem, settings, largest, lower, generator):
        yield from ()
        tried.append("few" if lower is None else "many")
        return few if lower is None else many

    def products(search, degree, shown):
        yield from ()
        tried.append(f"degree {degree}, {search.sums} sums")
        return next(answers)

    monkeypatch.setattr(module, "sparse_polynomial_levels", sparse)
    monkeypatch.setattr(module, "low_rank_levels", products)
    _, result = finish(module.search(PROBLEM, SETTINGS, torch.Generator()))
    return result, tried


GOOD = level("good", 1e-9, 1e-8)


def test_few_polynomials_that_are_accurate_are_enough(monkeypatch):
    result, tried = searched(monkeypatch, GOOD, [])
    assert tried == ["few"]
    assert result.outcome.kind == "converged"
    assert result.estimate == 1e-8
    assert "good" in result.outcome.message


def test_an_estimate_that_the_equations_do_not_bear_out_is_not_enough(monkeypatch):
    doubtful = level("doubtful", 2e-5, 1e-8)
    result, tried = searched(monkeypatch, doubtful, [GOOD])
    assert tried == ["few", "degree 6, 0 sums"]
    assert result.outcome.kind == "converged"
    # Derivatives may be ten times worse than the accuracy.
    borne, _ = searched(monkeypatch, level("borne out", 9.9e-6, 1e-8), [])
    assert "borne out" in borne.outcome.message


def test_products_stand_alone_first_and_then_beside_functions_of_one_coordinate(monkeypatch):
    rough = level("rough", 0.5, 0.1)
    result, tried = searched(monkeypatch, rough, [rough, rough, rough, GOOD])
    assert tried == [
        "few",
        "degree 6, 0 sums",
        "degree 6, 4 sums",
        "degree 14, 0 sums",
        "degree 14, 4 sums",
    ]
    assert result.outcome.kind == "converged"


def test_higher_degrees_are_not_tried_where_lower_ones_leave_little(monkeypatch):
    near, last = level("near", 0.02, 0.01), level("last", 0.9, 0.5)
    result, tried = searched(monkeypatch, last, [near, last], many=last)
    assert tried == ["few", "degree 6, 0 sums", "degree 6, 4 sums", "many"]
    # Of all that fell short the one with the least residual comes back, with what it leaves.
    assert result.outcome.kind == "stalled"
    assert "near" in result.outcome.message
    assert "2.0e-02" in result.outcome.message


@pytest.mark.parametrize(("left", "taken"), [(0.01, "many"), (0.02, "near"), (0.03, "near")])
def test_many_polynomials_are_taken_where_they_leave_less(monkeypatch, left, taken):
    near = level("near", 0.02, 0.01)
    result, _ = searched(
        monkeypatch, level("few", 0.9), [near, near], many=level("many", left, 0.01)
    )
    assert result.outcome.message.startswith(taken)


def diagnosed(factor, left, lower, monkeypatch):
    """The estimate of a level that is a multiple of its only product and leaves so much."""
    network = SETTINGS.network(1, 1)
    assert isinstance(network, LowRank)
    with torch.no_grad():
        for weight in network.weights:
            weight[0] = 1.0
        network.coefficients.fill_(factor)
    monkeypatch.setattr(
        "pikan.solvers.high_dimensional.level.largest_relative_residual",
        lambda *_: RelativeResidual("equation", left),
    )
    return diagnose(PROBLEM, SETTINGS, "", network, lower)


def test_an_estimate_sums_the_differences_that_would_follow(monkeypatch):
    lower = diagnosed(1.0, 1e-2, None, monkeypatch)
    assert lower.estimate is None
    # A residual that falls tenfold leaves a ninth of the difference; it counts twice.
    higher = diagnosed(1.001, 1e-3, lower, monkeypatch)
    assert higher.estimate == pytest.approx(2 * (1e-3 / 1.001) / 9, rel=1e-9)
    # What hardly falls tells little: the difference or the residual, whichever is larger.
    slow = diagnosed(1.001, 0.999e-2, lower, monkeypatch)
    assert slow.estimate == pytest.approx(0.999e-2, rel=1e-9)
    worse = diagnosed(1.5, 2e-2, lower, monkeypatch)
    assert worse.estimate == pytest.approx(0.5 / 1.5, rel=1e-9)
    same = diagnosed(1.0, 1e-3, lower, monkeypatch)
    assert same.estimate == pytest.approx(1e-15)


def test_the_result_says_how_its_error_was_found(monkeypatch):
    result, _ = searched(monkeypatch, GOOD, [])
    assert isinstance(result, SolverResult)
    assert isinstance(result.outcome, Outcome)
    assert "level before" in result.how
