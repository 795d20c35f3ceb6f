"""Two fields are as far apart as their worst unknown."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pikan.solvers.level import distance


@given(st.floats(1e-6, 1e6), st.floats(-0.5, 0.5))
def test_the_distance_of_a_multiple_is_relative(size, change):
    field = size * torch.linspace(1, 2, 50, dtype=torch.float64).unsqueeze(1)
    assert distance((1 + change) * field, field) == pytest.approx(abs(change), rel=1e-9, abs=1e-15)


def test_a_small_unknown_counts_as_much_as_a_large_one():
    field = torch.ones(10, 2, dtype=torch.float64) * torch.tensor([1.0, 1e-6])
    other = field.clone()
    other[:, 1] *= 1.5
    assert distance(other, field) == pytest.approx(0.5)


def test_an_unknown_that_vanishes_is_measured_against_another():
    field = torch.ones(10, 2, dtype=torch.float64) * torch.tensor([1.0, 0.0])
    assert distance(field + torch.tensor([0.0, 1e-15]), field) < 1e-2
    assert distance(field, field) == 0.0


def test_fields_that_vanish_are_measured_absolutely():
    zero = torch.zeros(7, 2, dtype=torch.float64)
    assert distance(zero + 0.25, zero) == pytest.approx(0.25)
