"""Formulas are read off networks in new variables, of the width that was asked for."""

import itertools

import pytest
import sympy
import torch

import pikan
from pikan.symbolic.changed_networks import changed_networks
from pikan.symbolic.library import USUAL
from pikan.symbolic.snap import learned_edges

A, B = sympy.symbols("x_1 x_2")


def test_the_first_network_in_new_variables_is_of_the_width_and_holds_formulas_alone():
    x = 0.1 + torch.rand(400, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = torch.cos(4 * x[:, 0]) - 0.3 * x[:, 1] * torch.cos(4 * x[:, 0]) ** 2
    live = [torch.ones(pair, dtype=torch.bool) for pair in itertools.pairwise([2, 3, 3, 1])]
    network = next(changed_networks(live, x, y, USUAL, 1))
    assert network.widths == (2, 3, 3, 1)
    assert not learned_edges(network)
    with torch.no_grad():
        assert float((network(x)[:, 0] - y).abs().max()) < 1e-6


@pytest.mark.long
@pytest.mark.parametrize(
    ("function", "ranges", "width", "formula"),
    [
        (lambda a, b: (1 + (a - b) ** 2).sqrt(), (-1, 1), [2, 1, 1], sympy.sqrt(1 + (A - B) ** 2)),
        (lambda a, b: torch.exp(-((a - b) ** 2)), (-1, 1), [2, 1, 1], sympy.exp(-((A - B) ** 2))),
        (
            lambda a, b: a.cos() + 0.5 * b * a.cos() ** 2,
            (0, 5),
            [2, 2, 3, 1],
            sympy.cos(A) + B * sympy.cos(A) ** 2 / 2,
        ),
        (
            lambda a, b: 1 / (1 + a * b.sin()),
            (0.1, 0.9),
            [2, 2, 2, 1, 1],
            1 / (1 + A * sympy.sin(B)),
        ),
    ],
)
def test_formulas_in_new_variables_are_read_in_few_starts(function, ranges, width, formula):
    dataset = pikan.create_dataset(
        lambda x: function(*x.mT).unsqueeze(1), n_var=2, ranges=ranges, dtype=torch.float64
    )
    model = pikan.KAN(width).auto_symbolic(dataset=dataset, starts=2)
    found = model.symbolic_formula(dataset=dataset)
    assert found.errors[0] < 1e-12
    assert sympy.simplify(sympy.nsimplify(found.expressions[0] - formula)) == 0
