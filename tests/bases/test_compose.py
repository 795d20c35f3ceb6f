"""Functions of jets and their weighted sums, against `compose` and in all of torch's ways."""

import pytest
import torch
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, vmap

from pikan.bases.compose import functions
from pikan.bases.sum import sums
from pikan.jets.jet import Jet, closure, compose, coordinates, multiply
from tests.bases.conftest import spline

# torch 2.13 warns of its own use of torch.jit the first time that it works in forward mode.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script` is deprecated:DeprecationWarning"
)

INDICES = closure([(2, 1), (0, 3)])
COUNTS = [1, 4, 40]
SPLINE = spline(3)


def cube(x, order):
    """A function beside the basis, x³ with its derivatives."""
    powers = [x**3, 3 * x**2, 6 * x, 6 + 0 * x] + [0 * x] * order
    return torch.stack(powers[: order + 1])


def random(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, dtype=torch.float64, generator=generator) - 0.5


def inner(basis, count=6, seed=0):
    """Jets of nodes that have every partial derivative, values inside the interval."""
    values = random(len(INDICES), count, basis.nodes, seed=seed)
    middle, length = basis.knots.mean(dim=1), basis.knots[:, -1] - basis.knots[:, 0]
    return Jet(INDICES, torch.cat([middle + 0.3 * length * values[:1], values[1:]]))


def plain(basis, jet, weights):
    """The slow twin: everything by itself, with plain differentiable steps."""
    x = jet.values[0]
    families = [basis.derivatives(x, 3), cube(x, 3).unsqueeze(-1)]
    return compose(torch.cat(families, dim=-1), jet).flatten(-2) @ weights


def test_functions_of_jets_are_what_compose_makes(basis):
    jet = inner(basis)
    expected = compose(basis.derivatives(jet.values[0], 3), jet)
    torch.testing.assert_close(functions(basis, jet), expected, rtol=1e-13, atol=1e-12)


@pytest.mark.parametrize("out", COUNTS)
def test_sums_are_the_functions_times_the_weights(basis, out):
    jet, weights = inner(basis), random(basis.nodes * (basis.size + 1), out, seed=1)
    total = sums(basis, jet, weights, cube)
    assert total.indices == INDICES
    torch.testing.assert_close(total.values, plain(basis, jet, weights), rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize("out", COUNTS)
def test_gradients_are_those_of_plain_steps(smooth_basis, out):
    jet, seen = inner(smooth_basis), random(len(INDICES), 6, out, seed=2)
    weights = random(smooth_basis.nodes * (smooth_basis.size + 1), out, seed=1)
    inputs = [jet.values.requires_grad_(), weights.requires_grad_()]
    quick = sums(smooth_basis, Jet(INDICES, inputs[0]), inputs[1], cube).values
    slow = plain(smooth_basis, Jet(INDICES, inputs[0]), inputs[1])
    for mine, other in zip(
        torch.autograd.grad(quick, inputs, seen),
        torch.autograd.grad(slow, inputs, seen),
        strict=True,
    ):
        bound = 1e-13 * float(other.abs().max())
        torch.testing.assert_close(mine, other, rtol=0, atol=bound)


@pytest.mark.parametrize("out", [1, 14])
def test_gradients_of_gradients_are_right(smooth_basis, out):
    jet = inner(smooth_basis, count=2)
    weights = random(smooth_basis.nodes * smooth_basis.size, out, seed=1)

    def total(values, weights):
        return sums(smooth_basis, Jet(INDICES, values), weights).values[:3]

    inputs = (jet.values.requires_grad_(), weights.requires_grad_())
    check = {"rtol": 1e-4, "atol": 1e-3, "fast_mode": True}
    assert torch.autograd.gradcheck(total, inputs, check_forward_ad=True, **check)
    assert torch.autograd.gradgradcheck(total, inputs, **check)


@pytest.mark.parametrize("out", [1, 14])
def test_all_ways_to_a_jacobian_agree(smooth_basis, out):
    jet, weights = inner(smooth_basis), random(smooth_basis.nodes * smooth_basis.size, out, seed=1)

    def total(weights, values):
        first = sums(smooth_basis, Jet(INDICES, values), weights)
        return multiply(first, first).values[-1, :, 0]

    reverse = jacrev(total)(weights, jet.values)
    bound = 1e-12 * float(reverse.abs().max())
    forward = jacfwd(total)(weights, jet.values)
    torch.testing.assert_close(forward, reverse, rtol=0, atol=bound)
    for way in (jacrev, jacfwd):
        one = way(lambda w, v: total(w, v.unsqueeze(1))[0])
        each = vmap(one, in_dims=(None, 1))(weights, jet.values)
        torch.testing.assert_close(each, reverse, rtol=0, atol=bound)


def test_hessians_agree_in_forward_and_reverse_mode(smooth_basis):
    jet, weights = inner(smooth_basis), random(smooth_basis.nodes * smooth_basis.size, 1, seed=1)

    def loss(values):
        return sums(smooth_basis, Jet(INDICES, values), weights).values.square().sum()

    forward, reverse = hessian(loss)(jet.values), jacrev(grad(loss))(jet.values)
    torch.testing.assert_close(forward, reverse, rtol=0, atol=1e-12 * float(reverse.abs().max()))


def test_many_networks_can_be_mapped_over(smooth_basis):
    jet = inner(smooth_basis)
    weights = random(3, smooth_basis.nodes * smooth_basis.size, 2, seed=1)
    values = torch.stack([jet.values, jet.values * 0.9, jet.values * 1.1])

    def total(values, weights):
        return sums(smooth_basis, Jet(INDICES, values), weights).values

    together = vmap(total)(values, weights)
    alone = torch.stack([total(*pair) for pair in zip(values, weights, strict=True)])
    torch.testing.assert_close(together, alone, rtol=1e-13, atol=1e-12)


class Called(torch.nn.Module):
    """A layer by itself, whose knots may be replaced."""

    def __init__(self, basis, work):
        super().__init__()
        self.basis = basis
        self.work = work

    def forward(self, *inputs):
        return self.work(self.basis, *inputs)


def sum_of_squares(basis, values, weights):
    return sums(basis, Jet(INDICES, values), weights).values.square().sum()


def squares_of_functions(basis, values, weights):
    return (functions(basis, Jet(INDICES, values)).flatten(-2) @ weights).square().sum()


@pytest.mark.parametrize("work", [sum_of_squares, squares_of_functions])
@pytest.mark.parametrize("out", [1, 14])
@pytest.mark.parametrize("mapped", [(None, None), (0, None), (None, 0), (1, 2), (2, 1)])
def test_bases_of_other_knots_can_be_mapped_over(work, out, mapped):
    basis = SPLINE
    layer = Called(basis, work)
    values = inner(basis, count=2).values
    weights = random(basis.nodes * basis.size, out, seed=1)
    knots = torch.stack([basis.knots, 1.3 * basis.knots, 1.1 * basis.knots + 0.1])
    many = [
        torch.stack([each * factor for factor in (1.0, 0.9, 1.1)]) for each in (values, weights)
    ]
    inputs = [
        alone if dim is None else some.movedim(0, dim)
        for alone, some, dim in zip((values, weights), many, mapped, strict=True)
    ]

    def slopes(knots, *inputs):
        def total(*inputs):
            return functional_call(layer, {"basis.knots": knots}, inputs)

        return total(*inputs), *grad(total, argnums=(0, 1))(*inputs)

    together = vmap(slopes, in_dims=(0, *mapped))(knots, *inputs)
    for place in range(3):
        own = [
            each if dim is None else each.select(dim, place)
            for each, dim in zip(inputs, mapped, strict=True)
        ]
        for found, expected in zip(together, slopes(knots[place], *own), strict=True):
            bound = 1e-13 * float(expected.abs().max())
            torch.testing.assert_close(found[place], expected, rtol=0, atol=bound)


@pytest.mark.parametrize("out", COUNTS)
@pytest.mark.parametrize("top", [(0, 0), (1, 0), (2, 0), (1, 1), (2, 2)])
def test_gradients_are_right_however_many_derivatives_are_carried(top, out):
    indices = closure([top])
    values = random(len(indices), 5, SPLINE.nodes)
    values[0] += SPLINE.knots.mean(dim=1)
    weights = random(SPLINE.nodes * (SPLINE.size + 1), out, seed=1)
    seen = random(len(indices), 5, out, seed=2)
    inputs = [values.requires_grad_(), weights.requires_grad_()]
    known = torch.cat([SPLINE.derivatives(values[0], 4), cube(values[0], 4).unsqueeze(-1)], dim=-1)
    slow = compose(known, Jet(indices, values)).flatten(-2) @ weights
    expected = torch.autograd.grad(slow, inputs, seen)
    for further in (False, True):
        quick = sums(SPLINE, Jet(indices, values), weights, cube).values
        found = torch.autograd.grad(quick, inputs, seen, create_graph=further)
        jets = functions(SPLINE, Jet(indices, values), cube).flatten(-2) @ weights
        for some in (found, torch.autograd.grad(jets, inputs, seen, create_graph=further)):
            for mine, other in zip(some, expected, strict=True):
                bound = 1e-13 * float(other.abs().max())
                torch.testing.assert_close(mine, other, rtol=0, atol=bound)


@pytest.mark.parametrize("out", [1, 14])
def test_one_gradient_alone_is_what_it_is_beside_the_other(out):
    jet, seen = inner(SPLINE), random(len(INDICES), 6, out, seed=2)
    weights = random(SPLINE.nodes * (SPLINE.size + 1), out, seed=1)
    for further in (False, True):
        values = jet.values.clone().requires_grad_()
        factors = weights.clone().requires_grad_()
        both = sums(SPLINE, Jet(INDICES, values), factors, cube).values
        expected = torch.autograd.grad(both, (values, factors), seen, create_graph=further)
        fixed = sums(SPLINE, Jet(INDICES, jet.values), factors, cube).values
        moved = sums(SPLINE, Jet(INDICES, values), weights, cube).values
        (to_values,) = torch.autograd.grad(moved, values, seen, create_graph=further)
        (to_weights,) = torch.autograd.grad(fixed, factors, seen, create_graph=further)
        assert torch.equal(to_values, expected[0])
        assert torch.equal(to_weights, expected[1])


def test_coordinates_alone_give_the_functions_themselves(basis, x):
    jet = functions(basis, coordinates(x, ((0, 0, 0),)))
    assert torch.equal(jet[0], basis.derivatives(x, 0)[0])


def test_many_points_are_worked_on_in_pieces_without_a_seam(smooth_basis):
    jet = inner(smooth_basis, count=15_000)
    weights = random(smooth_basis.nodes * (smooth_basis.size + 1), 2, seed=1)
    total = sums(smooth_basis, jet, weights, cube).values
    expected = plain(smooth_basis, jet, weights)
    torch.testing.assert_close(total, expected, rtol=1e-12, atol=1e-11)
