"""What a fit makes small, against autograd."""

import torch

import pikan
from pikan.kan.objective import fit_objective
from pikan.kan.penalty import Penalty
from pikan.network.parameters import parameter_vector
from pikan.optimize.mini_batches import MiniBatches


def made(loss, rules=None):
    network = pikan.KAN([2, 3, 2]).double().network
    generator = torch.Generator().manual_seed(0)
    points, labels = torch.rand(2, 7, 2, generator=generator, dtype=torch.float64)
    return fit_objective(network, points, labels, loss, rules or Penalty())


def mean_square(values, labels):
    return (values - labels).square().mean()


def test_a_mean_square_has_the_slope_that_autograd_finds():
    theta = parameter_vector(made(None).network)
    found, expected = (made(loss).evaluate(theta) for loss in (None, mean_square))
    assert found.loss == expected.loss
    torch.testing.assert_close(found.gradient, expected.gradient)


def test_a_penalty_counts_with_its_strength():
    theta = parameter_vector(made(None).network)
    plain, weak, strong = (made(None, Penalty(s)).evaluate(theta) for s in (0.0, 1e-3, 2e-3))
    assert plain.loss < weak.loss
    torch.testing.assert_close(strong.loss - weak.loss, weak.loss - plain.loss, rtol=1e-6, atol=0)
    torch.testing.assert_close(
        strong.gradient - weak.gradient, weak.gradient - plain.gradient, rtol=1e-6, atol=1e-12
    )


def test_the_residual_of_a_mean_square_has_its_gradient():
    objective = made(None)
    theta, rows = parameter_vector(objective.network), objective.misfit.least_squares()
    residual, found = rows.residual(theta), objective.evaluate(theta)
    torch.testing.assert_close(float(residual.square().sum()), found.loss)
    torch.testing.assert_close(2 * rows.jacobian(theta).mT @ residual, found.gradient)


def test_mini_batches_have_the_parts_of_the_whole_and_other_rows_each_time():
    whole, drawn = made(None), []

    def draw():
        network, rows = whole.network, slice(len(drawn), len(drawn) + 3)
        drawn.append(
            fit_objective(network, whole.points[rows], whole.labels[rows], None, whole.rules)
        )
        return drawn[-1]

    theta, some = parameter_vector(whole.network), MiniBatches(whole, draw)
    first, second = some.evaluate(theta), some.evaluate(theta)
    assert first.loss == drawn[0].evaluate(theta).loss != second.loss
    assert some.parts(first.rows) == {"loss": first.loss, "penalty": 0.0}
    assert some.value(first.rows) == first.loss
