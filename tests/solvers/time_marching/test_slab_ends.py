"""A slab ends where it was meant to, unless the end of time or a narrow place is near."""

import numpy as np
import pytest

from pikan.problem.features import FeaturePlace, Features
from pikan.solvers.time_marching.march import _cut, _end


@pytest.mark.parametrize(
    ("lower", "length", "refused", "expected"),
    [
        (0.0, 0.1, False, 0.1),
        (0.5, 0.4, False, 1.0),
        (0.5, 0.38, False, 0.88),
        # A little more than the length in one go: 1.3 of it.
        (0.5, 0.385, False, 1.0),
        # Just refused, it is to be shorter, however near the end is.
        (0.5, 0.385, True, 0.885),
        (0.5, 0.7, True, 1.0),
    ],
)
def test_a_slab_goes_to_the_end_if_that_is_near(lower, length, refused, expected):
    assert _end(lower, length, 1.0, refused) == pytest.approx(expected)


def features(edges, *places):
    """Cells in t, the second axis, and places where something jumps, along either."""
    found = tuple(FeaturePlace("equation", axis, value, "jump", "f") for axis, value in places)
    return Features((), found, (), (np.array([0.0, 9.0]), np.array(edges)))


def test_a_slab_ends_at_the_first_jump_inside_it():
    held = features([0.0, 10.0], (1, 7.0), (1, 4.0), (0, 2.0))
    assert _cut(0.0, 9.0, held, 1) == 4.0
    assert _cut(4.0, 9.0, held, 1) == 7.0
    # Not at one where it begins or ends anyway, nor at one along x.
    assert _cut(7.0, 9.0, held, 1) == 9.0
    assert _cut(1.0, 4.0, held, 1) == 4.0


def test_a_slab_is_at_most_four_times_as_long_as_the_cells_in_it():
    held = features([0.0, 5.0, 6.0, 6.5, 10.0])
    # The cell from 6 to 6.5 is half long: with it a slab may have a length of two.
    assert _cut(0.0, 5.0, held, 1) == 5.0
    assert _cut(0.0, 6.0, held, 1) == 5.0
    assert _cut(2.0, 6.0, held, 1) == 6.0
    assert _cut(2.0, 8.0, held, 1) == 6.0
    assert _cut(5.0, 6.8, held, 1) == 6.8
    assert _cut(6.5, 10.0, held, 1) == 10.0
    assert _cut(6.4, 10.0, held, 1) == 6.5
    # Where even the cell at its beginning is too narrow, it ends with that.
    assert _cut(0.0, 9.0, features([0.0, 0.1, 10.0]), 1) == 0.1
