"""Fields are samples of the functions they are asked for, in the box."""

from dataclasses import replace

import numpy as np
import pytest

from pikan.geometry.box import Box
from pikan.references.data import ReferenceData
from pikan.report.fields import fields
from pikan.report.sections import cuts


def test_a_plane_holds_the_function_on_its_grid(boxed):
    problem = boxed(formulas={"u": "x + 2*y"})
    (field,) = fields(problem, lambda points: points[:, :1] * points[:, 1:])
    x, y = np.meshgrid(*field.grids, indexing="ij")
    np.testing.assert_array_equal(field.solution[..., 0], x * y)
    np.testing.assert_array_equal(field.exact[..., 0], x + 2 * y)
    assert field.residual is None


def test_an_unknown_without_a_formula_is_not_a_number(boxed):
    problem = boxed(unknowns=("u", "v"), formulas={"v": "x"})
    (field,) = fields(problem, lambda points: points)
    assert np.isnan(field.exact[..., 0]).all()
    assert np.isfinite(field.exact[..., 1]).all()


def test_reference_data_on_a_grid_are_shown_on_it_to_the_bit(boxed):
    x, y = np.linspace(0, 1, 7), np.linspace(0, 1, 11)
    places = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    values = np.random.default_rng(0).random(77)
    problem = replace(boxed(), exact=ReferenceData(places, {"u": values}, (x, y)))
    (field,) = fields(problem, lambda points: points[:, :1])
    np.testing.assert_array_equal(field.exact[..., 0], values.reshape(7, 11))


def test_scattered_data_are_shown_on_an_even_grid(boxed):
    places = np.random.default_rng(0).random((50, 2))
    problem = replace(boxed(), exact=ReferenceData(places, {"u": places[:, 0]}, None))
    (field,) = fields(problem, lambda points: points[:, :1])
    assert np.isfinite(field.exact).all()
    assert field.solution.shape == (161, 161, 1)


def test_time_is_shown_at_its_start_middle_and_end(boxed):
    problem = boxed(coordinates=("x", "t", "y"))
    found = fields(problem, lambda points: points[:, 1:2])
    assert [field.axes for field in found] == [("x", "y")] * 3
    assert [field.solution.max() for field in found] == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("dimension", range(1, 12))
def test_every_coordinate_varies_or_is_fixed_on_each_slice(dimension):
    box = Box(tuple("abcdefghijk")[:dimension], (0.0,) * dimension, (1.0,) * dimension)
    found = cuts(box)
    assert 1 <= len(found) <= 3
    for axes, fixed in found:
        assert sorted([*axes, *(axis for axis, _ in fixed)]) == list(range(dimension))


@pytest.mark.parametrize("dimension", range(1, 7))
def test_every_coordinate_of_up_to_six_varies_on_some_slice(dimension):
    box = Box(tuple("abcdef")[:dimension], (0.0,) * dimension, (1.0,) * dimension)
    assert {axis for axes, _ in cuts(box) for axis in axes} == set(range(dimension))
