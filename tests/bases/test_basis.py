"""What holds for every basis: differentiable to any order, in all of torch's ways."""

import pytest
import torch
from torch.func import functional_call, jacfwd, jacrev, vmap

from pikan.bases.bspline import BSpline

# torch 2.13 warns of its own use of torch.jit the first time that it works in forward mode.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script` is deprecated:DeprecationWarning"
)


def test_slopes_are_the_next_derivatives(basis, x):
    inputs = x.requires_grad_()
    values = basis.derivatives(inputs, 2)
    following = basis.derivatives(x.detach(), 3)[1:]
    for order in range(3):
        (slopes,) = torch.autograd.grad(values[order].sum(), inputs, retain_graph=True)
        # Adding b functions rounds relative to the largest of them.
        bound = 1e-14 * float(following[order].abs().max()) * basis.size
        torch.testing.assert_close(slopes, following[order].sum(-1), rtol=0, atol=bound)


def test_gradients_of_gradients_are_right(smooth_basis):
    x = smooth_basis.knots.mean(dim=1).repeat(2, 1) * torch.tensor([[0.9], [1.1]]) + 0.013
    few = x.detach().requires_grad_()
    check = {"eps": 1e-6, "rtol": 1e-4, "atol": 1e-4}
    assert torch.autograd.gradcheck(
        lambda z: smooth_basis.derivatives(z, 1), few, check_forward_ad=True, **check
    )
    assert torch.autograd.gradgradcheck(lambda z: smooth_basis.derivatives(z, 1), few, **check)


def test_mapping_over_points_changes_nothing(basis, x):
    whole = basis.derivatives(x, 2)
    mapped = vmap(lambda row: basis.derivatives(row, 2), out_dims=1)(x)
    assert torch.equal(whole, mapped)


def test_forward_and_reverse_mode_agree(smooth_basis):
    x = smooth_basis.knots.mean(dim=1) + 0.01
    forward = jacfwd(jacrev(lambda z: smooth_basis.derivatives(z, 0)))(x)
    reverse = jacrev(jacfwd(lambda z: smooth_basis.derivatives(z, 0)))(x)
    torch.testing.assert_close(forward, reverse, rtol=1e-14, atol=1e-14)


def test_knots_may_be_mapped_over(smooth_basis):
    x = smooth_basis.knots.mean(dim=1).repeat(4, 1)
    many = torch.stack([smooth_basis.knots, smooth_basis.knots * 1.5])

    class Called(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.basis = smooth_basis

        def forward(self):
            return self.basis.derivatives(x, 1)

    mapped = vmap(lambda knots: functional_call(Called(), {"basis.knots": knots}, ()))(many)
    for knots, row in zip(many, mapped, strict=True):
        alone = functional_call(Called(), {"basis.knots": knots}, ())
        torch.testing.assert_close(row, alone, rtol=1e-15, atol=1e-15)


def test_outside_says_where_a_point_is_beyond_its_own_interval(basis):
    lower, upper = basis.knots[:, 0], basis.knots[:, -1]
    x = torch.stack([lower - 0.1, lower, (lower + upper) / 2, upper, upper + 0.1])
    assert basis.outside(x).tolist() == [[state] * 3 for state in (True, False, False, False, True)]


@pytest.mark.parametrize("end", [0, -1])
@pytest.mark.parametrize("share", [1e-6, 0.25, 1e3])
def test_beyond_the_interval_the_tangent_at_its_end_goes_on(tangent_basis, end, share):
    basis = tangent_basis
    last = basis.knots[:, end]
    step = (last - basis.knots.mean(dim=1)) * share
    at_end, beyond = (basis.derivatives(x[None], 3)[:, 0] for x in (last, last + step))
    expected = torch.zeros_like(at_end)
    expected[0], expected[1] = at_end[0] + step[:, None] * at_end[1], at_end[1]
    for row, wanted in zip(beyond, expected, strict=True):
        scale = max(float(wanted.abs().max()), 1.0)
        torch.testing.assert_close(row, wanted, rtol=0, atol=1e-13 * scale)
    # The values alone are the same as those that come with derivatives.
    assert torch.equal(basis.derivatives((last + step)[None], 0)[0, 0], beyond[0])


def test_ends_that_rounding_has_moved_keep_their_derivatives(basis):
    ends = basis.knots[:, [0, -1]].mT
    moved = ends * (1 + torch.tensor([[4.0], [-4.0]]) * torch.finfo(ends.dtype).eps)
    outward = ends * (1 - torch.tensor([[4.0], [-4.0]]) * torch.finfo(ends.dtype).eps)
    there = basis.derivatives(ends, 2)[2]
    for near in (moved, outward):
        scale = max(float(there.abs().max()), 1.0)
        torch.testing.assert_close(basis.derivatives(near, 2)[2], there, rtol=0, atol=1e-11 * scale)


def test_any_leading_shape_is_kept(basis, x):
    cube = x.reshape(5, 8, 3)
    assert torch.equal(basis.derivatives(cube, 1), basis.derivatives(x, 1).unflatten(1, (5, 8)))


def test_an_adapted_basis_covers_its_samples(basis):
    generator = torch.Generator().manual_seed(3)
    samples = torch.randn(100, 3, dtype=torch.float64, generator=generator)
    adapted = basis.adapt(samples)
    assert adapted.size == basis.size
    assert not adapted.outside(samples).any()
    assert (adapted.knots.diff(dim=1) > 0).all()


def test_equal_samples_leave_an_interval_of_the_old_length(basis):
    adapted = basis.adapt(torch.full((9, 3), 0.25, dtype=torch.float64))
    lengths = [each.knots[:, -1] - each.knots[:, 0] for each in (basis, adapted)]
    middle = adapted.knots[:, [0, -1]].mean(dim=1)
    torch.testing.assert_close(*lengths)
    torch.testing.assert_close(middle, torch.full_like(middle, 0.25))


def test_a_state_dict_carries_the_knots():
    before = BSpline(torch.tensor([[0.0, 1.0, 3.0]]), 2)
    after = BSpline(torch.tensor([[0.0, 1.0, 2.0]]), 2)
    after.load_state_dict(before.state_dict())
    assert torch.equal(after.knots, before.knots)
