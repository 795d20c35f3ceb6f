"""Polynomials on unequal cells: joined as asked, spanning all of their degree, and kept."""

import numpy as np
import pytest
import torch

from pikan.bases.chebyshev import Chebyshev
from pikan.bases.elements import Elements, elements
from pikan.network.build import architecture_text, network_from_text
from pikan.network.partials import partials
from pikan.network.product import FullProduct

EDGES = torch.tensor([-1.0, 0.2, 0.9, 0.93, 1.0], dtype=torch.float64)


def drawn(*size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*size, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("joined", range(5))
def test_as_many_derivatives_as_asked_are_continuous_and_no_more(joined):
    basis = elements(EDGES, 9, joined)
    coefficients = drawn(basis.size)
    edge = EDGES[1:-1]
    # The last points of the cells to the left, as near as the numbers go.
    left = torch.from_numpy(np.nextafter(edge.numpy(), -np.inf))
    values = basis.derivatives(torch.cat([left, edge])[:, None], 5)[:, :, 0] @ coefficients
    before, after = values.chunk(2, dim=1)
    for order, (one, other) in enumerate(zip(before, after, strict=True)):
        apart = ((one - other).abs() / other.abs()).max()
        assert (apart < 1e-7) == (order < joined)


@pytest.mark.parametrize("joined", range(5))
def test_every_polynomial_of_the_degree_is_a_sum_of_them(joined):
    basis = elements(EDGES, 9, joined)
    x = torch.linspace(-1, 1, 400, dtype=torch.float64)
    design = basis.derivatives(x[:, None], 0)[0, :, 0]
    wanted = Chebyshev(basis.knots[:, [0, -1]], 9).derivatives(x[:, None], 0)[0, :, 0]
    left = wanted - design @ torch.linalg.lstsq(design, wanted, driver="gelsd").solution
    assert left.abs().max() < 1e-9


@pytest.mark.parametrize("joined", range(4))
def test_derivatives_are_those_of_the_functions(joined):
    basis = elements(EDGES, 7, joined)
    x = torch.tensor([[-0.4], [0.5], [0.95]], dtype=torch.float64, requires_grad=True)
    values = basis.derivatives(x, 4) @ drawn(basis.size)
    for order in range(4):
        (slope,) = torch.autograd.grad(values[order].sum(), x, retain_graph=True)
        torch.testing.assert_close(slope[:, 0], values[order + 1, :, 0], rtol=1e-12, atol=1e-12)


def test_values_and_slopes_at_edges_are_coefficients():
    basis = elements(EDGES, 5, 2)
    made = basis.derivatives(EDGES[:-1, None], 1)[:, :, 0]
    for cell in range(len(EDGES) - 1):
        for order in range(2):
            expected = torch.zeros(basis.size, dtype=torch.float64)
            expected[4 * cell + order] = 1.0
            torch.testing.assert_close(made[order, cell], expected, rtol=0, atol=1e-12)


def test_functions_around_points_are_all_that_are_not_zero():
    basis = elements(EDGES, 8, 2)
    x = torch.linspace(-1.5, 1.5, 101, dtype=torch.float64)
    whole = basis.derivatives(x[:, None], 2)[:, :, 0]
    columns, local = basis.around(x, 2)
    spread = torch.zeros_like(whole).scatter_(2, columns.expand(3, -1, -1), local.mT)
    torch.testing.assert_close(spread, whole, rtol=1e-14, atol=1e-12)


def test_a_higher_degree_holds_the_functions_of_a_lower_one():
    low, high = elements(EDGES, 6, 2), elements(EDGES, 6, 2).refine(degree=9)
    x = torch.linspace(-1, 1, 200, dtype=torch.float64)[:, None]
    known, wider = (basis.derivatives(x, 0)[0, :, 0] for basis in (low, high))
    left = known - wider @ torch.linalg.lstsq(wider, known, driver="gelsd").solution
    assert left.abs().max() < 1e-12
    torch.testing.assert_close(high.edges(), low.edges())


@pytest.mark.parametrize("joined", [-1.0, 0.5, 3.0])
def test_a_basis_that_cannot_be_joined_so_is_refused(joined):
    with pytest.raises(ValueError, match="joined: got"):
        Elements(EDGES[None], 4, joined)


def test_a_product_with_elements_gives_the_same_values_with_and_without_gradients():
    bases = [elements(EDGES, 7, 2), Chebyshev(EDGES[None, [0, -1]], 4)]
    network = FullProduct(bases, 2, [0.0, 1.0], [3.0, 2.0])
    with torch.no_grad():
        network.coefficients.copy_(drawn(*network.coefficients.shape))
    points = drawn(50, 2) * torch.tensor([3.5, 1.2]) + torch.tensor([-0.2, 0.9])
    wanted = {(0, 0), (1, 0), (2, 1)}
    known = partials(network, points, wanted)
    with torch.no_grad():
        found = partials(network, points, wanted)
    for index in wanted:
        torch.testing.assert_close(found[index], known[index].detach(), rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("joined", [0, 2])
@pytest.mark.parametrize("edges", [EDGES, EDGES[[0, -1]]])
def test_an_archive_gives_the_basis_back(edges, joined):
    network = FullProduct([elements(edges, 7, joined)], 1, [0.0], [1.0])
    again = network_from_text(architecture_text(network))
    again.load_state_dict(network.state_dict())
    (basis,) = again.axes()
    assert (basis.joined, basis.size) == (joined, network.axes()[0].size)
    torch.testing.assert_close(basis.edges(), network.axes()[0].edges(), rtol=0, atol=0)
