"""Refinement changes what a network can be, not what it is."""

from copy import deepcopy

import pytest
import torch

from pikan.bases.bspline import BSpline
from pikan.bases.chebyshev import Chebyshev
from pikan.bases.knots import even_knots
from pikan.network.activation import silu, tanh
from pikan.network.base import place
from pikan.network.characteristic import CharacteristicNetwork
from pikan.network.initialization import glorot
from pikan.network.kan import KANNetwork
from pikan.network.mlp import MLP
from pikan.network.parameters import parameter_vector, with_parameters
from pikan.network.parametric import ParametricProduct
from pikan.network.product import FullProduct, LowRank
from pikan.network.refine import adapt, bases, raise_rank, refine
from pikan.network.time_slabs import TimeSlabs

LOWER, UPPER = (-1.0, 0.25), (2.0, 0.75)


def interval(nodes: int) -> torch.Tensor:
    return torch.tensor([[-1.0, 1.0]] * nodes, dtype=torch.float64)


def spline(nodes: int, grid: int = 4) -> BSpline:
    return BSpline(even_knots(interval(nodes), grid), 3)


def same(left, right, points):
    # The coefficients come from a well-conditioned least-squares problem.
    torch.testing.assert_close(left(points), right(points), rtol=1e-11, atol=1e-12)


def test_a_higher_degree_keeps_the_function(network, points):
    if not isinstance(network, MLP | ParametricProduct | CharacteristicNetwork):
        higher = refine(network, degree=7)
        same(higher, network, points)
        assert len(parameter_vector(higher)) > len(parameter_vector(network))


def test_a_finer_grid_keeps_the_function(generator, points):
    empty = KANNetwork([2, (1, 2), 1], [spline(2), spline(3)], LOWER, UPPER, base=silu, squash=tanh)
    coarse = glorot(empty, generator)
    fine = refine(coarse, grid=10)
    same(fine, coarse, points)
    assert [basis.size for basis in bases(fine)] == [13, 13]
    assert fine.last_weight().shape == (3 * 14, 1)


def test_a_finer_grid_is_one_for_the_splines_among_the_bases(generator, points):
    empty = KANNetwork([2, 3, 1], [spline(2), Chebyshev(interval(3), 4)], LOWER, UPPER, squash=tanh)
    coarse = glorot(empty, generator)
    fine = refine(coarse, grid=10)
    same(fine, coarse, points)
    assert [basis.size for basis in bases(fine)] == [13, 5]


def test_each_coordinate_can_have_a_number_of_its_own(generator, points):
    empty = FullProduct([Chebyshev(interval(1), 3), Chebyshev(interval(1), 4)], 2, LOWER, UPPER)
    coarse = with_parameters(empty, torch.randn(40, generator=generator, dtype=torch.float64))
    fine = refine(coarse, degree=[6, 4])
    same(fine, coarse, points)
    assert fine.coefficients.shape == (35, 2)


def test_more_rank_keeps_the_function_and_can_still_learn(generator, points):
    coarse = LowRank([spline(1), spline(1)], 2, 1, LOWER, UPPER)
    theta = torch.randn(len(parameter_vector(coarse)), generator=generator, dtype=torch.float64)
    coarse = with_parameters(coarse, theta)
    wider = raise_rank(coarse, 5, generator)
    same(wider, coarse, points)
    wider(points).sum().backward()
    assert (wider.coefficients.grad.abs() > 1e-6).all()


def test_windows_are_refined_each_by_itself(generator, points):
    parts = [
        FullProduct([spline(1), spline(1)], 1, (-1.0, low), (2.0, high))
        for low, high in ((0.25, 0.5), (0.5, 0.75))
    ]
    coarse = TimeSlabs([0.25, 0.5, 0.75], parts, axis=1)
    theta = torch.randn(len(parameter_vector(coarse)), generator=generator, dtype=torch.float64)
    coarse = with_parameters(coarse, theta)
    same(refine(coarse, grid=6), coarse, points)


def test_a_network_without_a_basis_cannot_be_refined_but_stays(points):
    network = MLP([2, 3, 1], LOWER, UPPER)
    same(refine(network, degree=4), network, points)


def test_what_a_basis_lacks_is_refused(generator):
    network = KANNetwork([2, 1], [Chebyshev(interval(2), 3)], LOWER, UPPER)
    with pytest.raises(ValueError, match="grid"):
        refine(network, grid=9)


def test_adapted_grids_hold_the_hidden_values(generator, points):
    many = points[0] + (points[1:].mean(dim=0) - points[0]) * torch.rand(
        300, 2, generator=generator, dtype=torch.float64
    )
    first = Chebyshev(interval(2), 4)
    network = glorot(KANNetwork([2, 4, 1], [first, spline(4, 30)], LOWER, UPPER), generator)
    with torch.no_grad():
        network.layers()[0].weight.mul_(9)
    moved = adapt(network, many, inputs=False)
    kept = bases(moved)[0].buffers()
    assert all(torch.equal(now, before) for now, before in zip(kept, first.buffers(), strict=True))
    hidden = moved.nodes(place(many))[1].values[0]
    knots = bases(moved)[1].knots
    torch.testing.assert_close(hidden.amin(dim=0), knots[:, 0])
    torch.testing.assert_close(hidden.amax(dim=0), knots[:, -1])


def test_refining_leaves_its_argument_alone(network, points):
    twin = deepcopy(network)
    adapt(network, points)
    assert torch.equal(network(points), twin(points))
