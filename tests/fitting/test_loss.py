"""What a fit makes small, against autograd."""

import torch

import pikan
from pikan.fitting.factory import flat_weights
from pikan.fitting.loss import fit_loss, mean_square
from pikan.fitting.penalty import Penalty


def test_a_mean_square_has_the_slope_that_autograd_finds():
    wired = pikan.KAN([2, 3, 2]).double().wired
    generator = torch.Generator().manual_seed(0)
    points, labels = torch.rand(2, 7, 2, generator=generator, dtype=torch.float64)
    found, expected = (
        fit_loss(wired, points, labels, loss, Penalty()).loss_and_gradient(
            flat_weights(wired.trainable())
        )
        for loss in (mean_square, lambda values, labels: mean_square(values, labels))
    )
    assert found.loss == expected.loss
    torch.testing.assert_close(found.gradient, expected.gradient)
