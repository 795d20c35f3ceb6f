"""Polynomials of total degree are found from scattered values, with their derivatives."""

import torch

from pikan.symbolic.polynomial_fit import fit_polynomial


def points(count, dimension):
    generator = torch.Generator().manual_seed(0)
    return 1 + 2 * torch.rand(count, dimension, generator=generator, dtype=torch.float64)


def test_a_polynomial_is_found_to_rounding_with_its_gradient():
    x = points(200, 3)
    fit = fit_polynomial(x, x[:, 0] * x[:, 1] ** 2 - 3 * x[:, 2])
    fresh = points(50, 3) - 0.1
    wanted = torch.stack(
        [fresh[:, 1] ** 2, 2 * fresh[:, 0] * fresh[:, 1], torch.full_like(fresh[:, 0], -3.0)], dim=1
    )
    assert fit.error < 1e-13
    assert float((fit.gradient(fresh) - wanted).abs().max()) < 1e-11
    values = fresh[:, 0] * fresh[:, 1] ** 2 - 3 * fresh[:, 2]
    assert float((fit.values(fresh) - values).abs().max()) < 1e-11


def test_the_error_is_what_is_left_at_other_points():
    x = points(400, 2)
    fit = fit_polynomial(x, torch.sin(3 * x[:, 0]) / x[:, 1], highest=6)
    fresh = points(401, 2)[1:]
    truth = torch.sin(3 * fresh[:, 0]) / fresh[:, 1]
    left = float((fit.values(fresh) - truth).square().mean().sqrt() / truth.std())
    assert 0.2 < left / fit.error < 2
