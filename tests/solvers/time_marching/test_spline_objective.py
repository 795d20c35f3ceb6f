"""The entries that rows of splines have are those of the dense Jacobian."""

import numpy as np
import pytest
import torch

from pikan.residuals.last_layer import last_layer_objective
from pikan.solvers.time_marching.slab import Grid, slab_network, slab_points
from pikan.solvers.time_marching.spline_objective import spline_objective
from pikan.solvers.time_slab import restrict_time, slab_terms
from tests.stated import LIKE, stated

BURGERS = """
domain: {x: [-1, 2], t: [0, 0.5]}
unknowns: [u]
equations: [u_t + u*u_x = 0.1*u_xx]
conditions: [{where: t = 0, that: u = sin(x)}, {where: boundary, that: u_n = 0}]
"""
PAIR = """
domain: {t: [0, 0.5], x: [-1, 1]}
unknowns: [u, v]
equations: [u_t = -v_xx - (u^2 + v^2)*v, v_t = u_xx + (u^2 + v^2)*u]
conditions:
  - {where: t = 0, that: u = exp(cos(pi*x))}
  - {where: t = 0, that: v = 0}
  - {periodic: x}
"""
FOURTH = """
domain: {x: [-1, 1], t: [0, 1]}
unknowns: [u]
equations: [u_tt + u*u_xxxx + u_x^2 = 0]
conditions:
  - {where: t = 0, that: u = cos(pi*x)}
  - {where: t = 0, that: u_t = 0}
  - {periodic: x}
"""


@pytest.mark.parametrize("text", [BURGERS, PAIR, FOURTH], ids=["faces", "two", "fourth"])
def test_the_objective_is_that_of_dense_features(text):
    problem = restrict_time(stated(text), 0.1, 0.3)
    degrees = [7, 7]
    degrees[problem.box.axis("t")] = 4
    grid = Grid(np.sort(np.append(np.linspace(-1, 1, 7), 0.1)), tuple(degrees))
    network = slab_network(problem, grid, LIKE)
    with torch.no_grad():
        network.coefficients.normal_(generator=torch.Generator().manual_seed(0))
    terms = slab_terms(problem, slab_points(problem, grid, LIKE), network).all
    whole = last_layer_objective(terms, network, [1.0] * len(terms), linear=False)
    few = spline_objective(terms, network, 1 - problem.box.axis("t"), linear=False)
    theta = torch.randn(whole.last_layer.stop, generator=torch.Generator().manual_seed(1)).double()
    start = network.coefficients.detach().flatten()
    assert [block.rows for block in few.blocks] == [block.rows for block in whole.blocks]
    counts = [len(term.points[0]) for term in terms]
    squares: dict[object, list[torch.Tensor]] = {}
    for term, rows in zip(terms, whole.jacobian(start).split(counts), strict=True):
        squares.setdefault(term.statement, []).append(rows.square().sum(dim=1))

    def weighted(rows):
        """Rows over what makes those of the Jacobian one long at the start, by statement."""
        lengths = [torch.cat(squares[term.statement]).mean().sqrt() for term in terms]
        return torch.cat(
            [r / length for r, length in zip(rows.split(counts), lengths, strict=True)]
        )

    expected = weighted(whole.residual(theta))
    size = float(expected.abs().max())
    torch.testing.assert_close(few.residual(theta), expected, rtol=0, atol=1e-12 * size)
    expected = weighted(whole.jacobian(theta))
    size = float(expected.abs().max())
    torch.testing.assert_close(few.jacobian(theta), expected, rtol=0, atol=1e-12 * size)
    entries = sum(values.numel() for values in few.sparse.values(theta))
    assert entries >= int((expected != 0).sum())
