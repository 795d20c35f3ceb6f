"""Deflation keeps Newton's method from the solutions that are known."""

from math import sqrt

import pytest
import torch

from pikan.solvers.deflation import Apart, deflated_length


def deflated_step(residual, known, at):
    """Newton's step of m(u) r(u) with m = Π (1 + 1/|u - k|²), by automatic derivatives."""

    def deflated(u):
        m = 1.0
        for one in known:
            m = m * (1.0 + 1.0 / (u - one).square().sum())
        return m * residual(u)

    jacobian = torch.func.jacrev(deflated)(at)
    return torch.linalg.solve(jacobian, -deflated(at))


def test_the_length_makes_a_newton_step_that_of_the_deflated_residual():
    generator = torch.Generator().manual_seed(3)
    known = [torch.randn(3, generator=generator).double() for _ in range(2)]
    at = torch.randn(3, generator=generator).double()
    residual = lambda u: torch.stack([u[0] * u[1] - 1, u[1] + u[2] ** 2, u.sum() - 2])  # noqa: E731
    plain = torch.linalg.solve(torch.func.jacrev(residual)(at), -residual(at))
    apart = [Apart(float((at - k) @ (at - k)), float((at - k) @ plain)) for k in known]
    expected = deflated_step(residual, known, at)
    torch.testing.assert_close(deflated_length(apart) * plain, expected, rtol=1e-10, atol=1e-12)


def test_from_the_start_that_leads_to_one_root_of_a_square_the_other_is_found():
    root = sqrt(2.0)
    u = 1.0
    for _ in range(40):
        step = (2.0 - u * u) / (2.0 * u)
        apart = Apart(((u - root) / root) ** 2, (u - root) * step / root**2)
        u += deflated_length([apart]) * step
    assert u == pytest.approx(-root, rel=1e-12)
