"""What is recorded to be run elsewhere has the values and derivatives that are computed here."""

import pytest
import torch

from pikan.bases import bspline, recurrence
from pikan.bases.from_word import on_interval


@pytest.mark.parametrize("name", ["chebyshev", "legendre", "bspline"])
@pytest.mark.parametrize("cells", [3, 40])
@pytest.mark.parametrize("order", [0, 1, 3])
def test_a_recorded_basis_has_the_same_derivatives(name, cells, order, monkeypatch):
    interval = torch.tensor([[-1.0, 1.0], [0.5, 4.0]], dtype=torch.float64)
    basis = on_interval(name, interval, 2 if order == 3 else 5, cells)
    unit = torch.linspace(0, 1, 51, dtype=torch.float64)
    x = interval[:, :1] + (interval[:, 1:] - interval[:, :1]) * unit
    plain = basis.within(x, basis.knots, order)
    for module in (bspline, recurrence):
        monkeypatch.setattr(module, "is_traced", lambda: True)
    recorded = basis.within(x, basis.knots, order, 2)
    size = plain.abs().amax(dim=(1, 2, 3), keepdim=True)
    torch.testing.assert_close(
        recorded[:, :, : basis.size] / size.clamp_min(1),
        plain / size.clamp_min(1),
        atol=1e-13,
        rtol=0,
    )
    assert recorded.shape[2] == basis.size + 2
