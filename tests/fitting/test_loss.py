"""What a fit makes small, against autograd."""

import torch

import pikan
from pikan.fitting.loss import fit_loss, mean_square
from pikan.fitting.penalty import Penalty
from pikan.network.parameters import parameter_vector


def test_a_mean_square_has_the_slope_that_autograd_finds():
    network = pikan.KAN([2, 3, 2]).double().network
    generator = torch.Generator().manual_seed(0)
    points, labels = torch.rand(2, 7, 2, generator=generator, dtype=torch.float64)
    found, expected = (
        fit_loss(network, points, labels, loss, Penalty()).loss_and_gradient(
            parameter_vector(network)
        )
        for loss in (mean_square, lambda values, labels: mean_square(values, labels))
    )
    assert found.loss == expected.loss
    torch.testing.assert_close(found.gradient, expected.gradient)
