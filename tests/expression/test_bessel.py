"""Bessel functions of tensors are as exact as SciPy's, and so are their derivatives."""

import mpmath
import numpy as np
import pytest
import torch

from pikan.expression.bessel import bessel

pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script` is deprecated:DeprecationWarning"
)

X = torch.tensor([-31.0, -2.5, 0.0, 1e-9, 0.3, 1.0, 2.4, 7.0, 20.0, 55.5], dtype=torch.float64)


@pytest.mark.parametrize("order", [0, 1])
def test_three_derivatives_agree_with_high_precision(order):
    x = X.clone().requires_grad_()
    found = bessel(order, x, torch)
    for count in range(4):
        wanted = [float(mpmath.besselj(order, mpmath.mpf(float(each)), count)) for each in X]
        # SciPy rounds the argument of a wave: some units in the last place of x.
        np.testing.assert_allclose(found.detach(), wanted, rtol=0, atol=2e-15)
        (found,) = torch.autograd.grad(found.sum(), x, create_graph=True)


def test_row_by_row_and_forward_derivatives_are_those_of_autograd():
    def function(x):
        return bessel(0, x, torch) * bessel(1, x, torch)

    x = X.clone().requires_grad_()
    (wanted,) = torch.autograd.grad(function(x).sum(), x)
    torch.testing.assert_close(torch.func.vmap(torch.func.grad(function))(X), wanted)
    found = torch.func.jvp(function, (X,), (torch.ones_like(X),))[1]
    torch.testing.assert_close(found, wanted)


def test_single_precision_stays_single():
    found = bessel(0, X.float(), torch)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), bessel(0, X.float().double(), torch))
