"""A descent has stagnated once so many steps have hardly lowered the loss, and no sooner."""

import pytest
import torch

from pikan.optimize.objective import Evaluation
from pikan.optimize.quasi_newton import SPAN, Descent


def at(loss):
    zero = torch.zeros(1)
    return Evaluation(zero, zero, loss, zero)


def after(losses):
    """A descent that has gone through these losses, with a length of two."""
    first, *others = losses
    descent = Descent(torch.zeros(1), at(first), torch.full((1,), 2.0), (first,))
    for loss in others:
        descent = descent.advance(at(loss))
    return descent


@pytest.mark.parametrize("tolerance", [1e-9, 1e-2])
def test_it_takes_so_many_steps_to_tell(tolerance):
    assert not after([1.0] * SPAN).stagnates(tolerance)
    assert after([1.0] * (SPAN + 1)).stagnates(tolerance)
    assert after([1.0] * (SPAN + 9)).stagnates(tolerance)


def test_the_fall_over_the_last_steps_counts_in_parts_of_the_loss_before_them():
    slow = [2.0 - 0.001 * k for k in range(SPAN + 5)]
    part = 0.001 * SPAN / slow[-SPAN - 1]
    assert not after(slow).stagnates(0.99 * part)
    assert after(slow).stagnates(1.01 * part)
    # What came before these steps does not count.
    assert after([1e6, *slow]).stagnates(1.01 * part)


def test_a_step_is_in_lengths_of_the_columns():
    there = at(1.0)._replace(theta=torch.tensor([3.0]))
    assert after([2.0]).advance(there).theta.tolist() == [1.5]
