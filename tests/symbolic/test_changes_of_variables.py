"""Sums that a function depends on, and variables in which it is a polynomial, are found."""

import pytest
import torch

from pikan.symbolic.changes_of_variables import (
    OUTER,
    changes_of_variables,
    find_sums,
    possible_outer,
)
from pikan.symbolic.library import USUAL

GENERATOR = torch.Generator().manual_seed(0)
X = 0.2 + torch.rand(600, 3, generator=GENERATOR, dtype=torch.float64)


@pytest.mark.parametrize(
    ("function", "logarithms", "factors"),
    [
        (lambda a, b, c: torch.exp(-((a - b) ** 2)) * c, False, (1.0, -1.0, 0.0)),
        (lambda a, b, c: torch.sin(a + 2 * c) + b**2, False, (1.0, 0.0, 2.0)),
        (lambda a, b, c: torch.tanh(b / c) + a, True, (0.0, 1.0, -1.0)),
        (lambda a, b, c: torch.cos(a * c**2) * b, True, (1.0, 0.0, 2.0)),
    ],
)
def test_a_sum_or_a_product_that_a_function_depends_on_is_found(function, logarithms, factors):
    sums = find_sums(X, function(*X.mT), OUTER[:1], USUAL)
    assert len(sums) == 2
    (found,) = (each for each in sums if len(each.places) > 1)
    assert (found.logarithms, found.factors) == (logarithms, factors)


def test_a_sum_of_all_coordinates_is_found():
    sums = find_sums(X, torch.sin(X.sum(dim=1)), OUTER[:1], USUAL)
    assert [each.factors for each in sums] == [(1.0, 1.0, 1.0)]


def test_no_sum_is_found_where_there_is_none():
    a, b, c = X.mT
    sums = find_sums(X, torch.sin(a * b) + torch.exp(b * c) + a**2, OUTER[:1], USUAL)
    assert [len(each.places) for each in sums] == [1, 1, 1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "outer", "names"),
    [
        (lambda a, b: torch.cos(3 * a) + b * torch.cos(3 * a) ** 2, "x", ("cos", "x")),
        (lambda a, b: (1 + b * a**2 + a).sqrt(), "sqrt", ("x", "x")),
        (lambda a, b: torch.exp(b * torch.sin(4 * a)), "exp", ("cos", "x")),
        (lambda a, b: 1 / (2 + a.log() * b), "1/x", ("log", "x")),
    ],
)
def test_variables_are_found_in_which_a_function_is_a_polynomial(function, outer, names):
    x, y = X[:, :2], function(*X[:, :2].mT)
    outers = [each for each in possible_outer(y, USUAL) if each.name in ("x", outer)]
    sums = find_sums(x, y, outers, USUAL)
    found = next(iter(changes_of_variables(x, y, sums, outers, USUAL)))
    assert found.outer.name == outer
    assert tuple(each.name for each in found.inner) == names
    assert found.error < 1e-6


def test_no_function_is_used_that_is_not_among_those_allowed():
    a, b, c = X.mT
    sums = find_sums(X, torch.tanh(b / c) + a, OUTER[:1], ["x", "tanh"])
    assert not any(each.logarithms for each in sums)
    assert [each.name for each in possible_outer(a, ["sqrt", "cos"])] == ["x", "sqrt"]


def test_no_function_is_undone_that_cannot_have_made_the_values():
    names = {each.name for each in possible_outer(torch.tensor([-2.0, 0.5, 3.0]).double(), USUAL)}
    assert names == {"x", "log"}
