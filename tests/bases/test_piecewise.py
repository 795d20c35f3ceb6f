"""Splines as sums of powers on cells, against the splines themselves."""

import pytest
import torch

from pikan.bases.bspline import BSpline
from pikan.bases.piecewise import pieces
from pikan.network.activation import silu
from pikan.network.layer import Edges

KNOTS = torch.tensor([[-1.0, -0.9, 0.2, 0.2, 1.0], [0.0, 0.5, 0.6, 2.0, 3.0]], dtype=torch.float64)


@pytest.mark.parametrize("degree", [1, 2, 3, 5])
@pytest.mark.parametrize("base", [None, silu])
def test_functions_and_slopes_are_sums_of_the_pieces(degree, base):
    edges = Edges(BSpline(KNOTS, degree), base)
    made = pieces(edges.basis) if base is None else pieces(edges.basis, base)
    x = torch.cat([KNOTS, torch.linspace(-1.5, 4.0, 50, dtype=torch.float64).expand(2, -1)], dim=1)
    rows = made.rows(x)
    for weights, expected in zip((made.values, made.slopes), edges.evaluate(x, 1), strict=True):
        scale = float(expected.abs().max())
        torch.testing.assert_close(weights.mT @ rows, expected, rtol=0.0, atol=1e-14 * scale)


def test_what_is_not_a_number_stays_so():
    made = pieces(BSpline(KNOTS, 3))
    rows = made.rows(torch.full_like(KNOTS, torch.nan))
    assert bool((made.values.mT @ rows).isnan().all())
