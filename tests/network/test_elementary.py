"""Every function that formulas are made of, against autograd."""

import pytest
import torch

from pikan.network.elementary import ELEMENTARY

BEYOND_ONE = {"tan", "arcsin", "arccos", "arctanh"}


@pytest.mark.parametrize("name", ELEMENTARY)
def test_derivatives_are_those_of_autograd(name):
    x = torch.linspace(0.1, 0.9, 7, dtype=torch.float64).requires_grad_()
    rows = ELEMENTARY[name](x, 5)
    for row, below in zip(rows[1:], rows[:-1], strict=True):
        (slope,) = (
            torch.autograd.grad(below.sum(), x, retain_graph=True)
            if below.requires_grad
            else (torch.zeros_like(x),)
        )
        torch.testing.assert_close(row, slope, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", ELEMENTARY)
def test_fewer_derivatives_are_the_first_of_more(name):
    x = torch.linspace(0.1, 0.9, 7, dtype=torch.float64)
    for order in (0, 1, 2):
        assert torch.equal(ELEMENTARY[name](x, order), ELEMENTARY[name](x, 3)[: order + 1])


@pytest.mark.parametrize("name", sorted(set(ELEMENTARY) - BEYOND_ONE - {"0"}))
def test_sympy_has_the_same_function(name):
    sympy = pytest.importorskip("sympy")
    from pikan.symbolic.library import LIBRARY

    x = sympy.Symbol("x")
    value = float(LIBRARY[name].symbolic(x).subs(x, 0.7))
    assert float(ELEMENTARY[name](torch.tensor(0.7), 0)) == pytest.approx(value, rel=1e-6)


def test_the_bessel_function_is_scipys_far_out_too():
    special = pytest.importorskip("scipy.special")
    x = torch.linspace(-90, 90, 500, dtype=torch.float64)
    # Its own derivative at zero is no finite sum of others; angles have no such place.
    value, slope = ELEMENTARY["bessel_j0"](x, 1)
    torch.testing.assert_close(value, torch.from_numpy(special.j0(x.numpy())), rtol=0, atol=1e-14)
    torch.testing.assert_close(slope, torch.from_numpy(-special.j1(x.numpy())), rtol=0, atol=1e-14)
