"""Shapes: points on sides, outward normals of length one, insides."""

from itertools import product

import numpy as np
import pytest

from pikan.expression.parse import parse
from pikan.geometry.box import Box
from pikan.geometry.curve import Curve, ParametricSide
from pikan.geometry.domain import Domain, even
from pikan.geometry.ellipse import Annulus, Ellipse
from pikan.geometry.face import Face
from pikan.geometry.implicit import ContourSide, Implicit, LevelSet
from pikan.geometry.polygon import Polygon, crossing
from pikan.geometry.region import Component, Region
from pikan.geometry.solid import Ball, Cuboid, Cylinder

STAR = ParametricSide(
    (parse("(1 + 0.3*cos(5*s))*cos(s)"), parse("(1 + 0.3*cos(5*s))*sin(s)")), "s", 0.0, 2 * np.pi
)
SQUIRCLE = LevelSet(parse("x^4 + y^4 - 1"), ("x", "y"))
SHAPES = [
    Ellipse((0.3, -0.2), (1.5, 1.5)),
    Ellipse((0.3, -0.2), (2.0, 0.5), 0.7),
    Annulus((0.1, 0.2), 0.5, 1.0),
    Polygon(((1.0, 0.2), (0.1, 1.0), (-0.9, 0.5), (-0.7, -0.7), (0.4, -0.9))),
    Polygon(((0.0, 0.0), (0.0, 1.0), (1.0, 0.0))),
    Cuboid((0.0, -1.0), (2.0, 1.0)),
    Cuboid((0.0, -1.0, 0.0), (2.0, 1.0, 3.0)),
    Ball((0.0, 1.0, 2.0), 0.5),
    Cylinder((0.0, 1.0), 0.5, (-1.0, 2.0)),
    Curve(STAR),
    Implicit(SQUIRCLE, (-1.2, -1.2), (1.2, 1.2)),
]
# Volumes that calculus gives.
VOLUMES = [
    np.pi * 2.25,
    np.pi,
    np.pi * 0.75,
    None,
    0.5,
    4.0,
    12.0,
    np.pi / 6,
    0.75 * np.pi,
    np.pi * (1 + 0.045),
    3.7081493546027438,
]


@pytest.mark.parametrize(("shape", "volume"), list(zip(SHAPES, VOLUMES, strict=True)))
def test_the_divergence_theorem_gives_the_volume_of_a_shape(shape, volume):
    """V = (1/d) integral of x . n over the surface, and the share of points inside is V too."""
    dimension = len(shape.bounds[0])
    found = 0.0
    for side in shape.sides:
        count = 40_000
        if dimension == 2:
            unit = (np.arange(count)[:, None] + 0.5) / count
            points = side.points(unit)
            ends = side.points(np.arange(count + 1)[:, None] / count)
            lengths = np.linalg.norm(np.diff(ends, axis=0), axis=1)
        else:
            points = side.points(even(count, 2))
            lengths = np.full(count, side.size / count)
        normals = side.normals(points)
        assert np.allclose(np.linalg.norm(normals, axis=1), 1.0, atol=1e-12)
        found += float(np.sum(np.sum(points * normals, axis=1) * lengths)) / dimension
    if volume is not None:
        assert found == pytest.approx(volume, rel=1e-3)
    lower, upper = map(np.array, shape.bounds)
    inside = shape.contains(lower + (upper - lower) * even(40_000, dimension)).mean()
    assert inside * np.prod(upper - lower) == pytest.approx(found, rel=1e-2)


@pytest.mark.parametrize("shape", SHAPES)
def test_normals_lead_out_of_a_shape(shape):
    for side in shape.sides:
        points = side.points(even(500, len(shape.bounds[0]) - 1))
        step = 1e-8 * side.normals(points)
        assert shape.contains(points - step).all()
        assert not shape.contains(points + step).any()


def test_points_of_a_formula_lie_on_its_curve_to_rounding():
    for side in SHAPES[-1].sides:
        points = side.points(even(500, 1))
        assert np.abs(SQUIRCLE.values(points)).max() < 1e-15
        slope = 4 * points**3
        slope /= np.linalg.norm(slope, axis=1, keepdims=True)
        assert np.abs(side.normals(points) - slope).max() < 1e-14


def test_normals_of_a_curve_are_those_of_its_parameter():
    s = 2 * np.pi * even(300, 1)[:, 0]
    speed = STAR.at(s, 1)
    wanted = np.stack([speed[:, 1], -speed[:, 0]], axis=1)
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    assert np.abs(STAR.normals(STAR.at(s)) - wanted).max() < 1e-11


def test_a_crossing_of_a_closed_line_is_found_and_a_simple_one_has_none():
    bow = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    assert crossing(bow) == pytest.approx([0.5, 0.5])
    assert crossing(bow[[0, 2, 1, 3]]) is None


def plate() -> Region:
    """A disc joined with a box, without a hole, cut down to y > -0.25."""
    disc = Ellipse((0.0, 0.0), (1.0, 1.0), kind="disc")
    hole = Component(Ellipse((0.0, 0.3), (0.2, 0.2)), "hole of mine")
    upper = Component(Cuboid((-5.0, -0.25), (5.0, 5.0)), "upper")
    box = Component(Cuboid((0.0, -0.5), (2.0, 0.5)), "box", (hole,), (upper,))
    return Region((Component(disc, "disc", (hole,), (upper,)), box), (0, 1))


def test_parts_of_a_region_are_what_bounds_it():
    region = plate()
    box = Box(("x", "y"), *(tuple(map(float, end)) for end in region.bounds))
    assert (box.lower, box.upper) == ((-1.0, -0.25), (2.0, 1.0))
    lengths = {}
    for part in region.parts:
        points = part.points(box, 400, even)
        normals = part.normals(points)
        step = 1e-7
        assert region.contains(points - step * normals).all()
        assert not region.contains(points + step * normals).any()
        lengths[part.label(box)] = len(points)
    # The lower side of the box and its left one lie in other shapes.
    assert lengths["x = 0"] == lengths["y = -0.5"] == 0
    assert lengths["x = 2"] > 0
    assert lengths["y = -0.25"] > 0
    # The region lies out of the hole.
    hole = next(part for part in region.parts if part.name == "hole of mine")
    points = hole.points(box, 100, even)
    assert np.all(np.sum((points - [0.0, 0.3]) * hole.normals(points), axis=1) < 0)


@pytest.mark.parametrize(
    "shape", [Cuboid((0.0, -1.0), (2.0, 1.0)), Cuboid((0.0, -1.0, 0.0), (2.0, 1.0, 3.0))]
)
def test_all_corners_of_a_box_belong_to_it(shape):
    lower, upper = (np.array(ends) for ends in shape.bounds)
    region = Region((Component(shape, "box"),), tuple(range(len(lower))))
    corners = lower + (upper - lower) * np.array(list(product((0, 1), repeat=len(lower))))
    assert region.covers(corners).all()
    middle = (lower + upper) / 2
    assert not region.covers(corners + 1e-6 * (corners - middle)).any()


def test_points_of_the_boundary_belong_to_a_region_and_those_beyond_it_do_not():
    region = plate()
    box = Box(("x", "y", "t"), (-1.0, -0.25, 0.0), (2.0, 1.0, 2.0))
    domain = Domain(box, region)
    for part in region.parts:
        points = part.points(box, 200, even)
        assert domain.covers(points).all()
        assert not domain.covers(points + 1e-6 * part.normals(points)).any()
    first = domain.sample(Face(((2, 0.0),)), 300)
    assert first.shape == (300, 3)
    assert domain.contains(first).all()
    assert not first[:, 2].any()


def test_a_curve_through_points_of_the_grid_is_the_line_that_it_is():
    (line,) = Implicit(LevelSet(parse("y - x"), ("x", "y")), (0.0, 0.0), (1.0, 1.0)).sides
    points = line.points(np.linspace(0.0, 1.0, 101)[:, None])
    assert np.ptp(points[:, 0] - points[:, 1]) < 1e-14
    assert line.density(np.linspace(0.0, 1.0, 101)[:, None]) == pytest.approx(np.sqrt(2.0))
    # A straight line has no parts to take integrals over one by one.
    assert isinstance(line, ContourSide)
    assert len(line.knots) == 2
