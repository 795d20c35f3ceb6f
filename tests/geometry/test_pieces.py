"""Pieces of a region: every point lies in one, and sides where two meet are found once."""

import numpy as np

from pikan.geometry.domain import even
from pikan.geometry.ellipse import Ellipse
from pikan.geometry.pieces import cells, disjoint, interfaces, owner
from pikan.geometry.region import Component, Region
from pikan.geometry.solid import Cuboid

SQUARE = Region((Component(Cuboid((0.0, 0.0), (1.0, 1.0)), "box"),), (0, 1))
LEFT = (Component(Cuboid((0.0, 0.0), (0.5, 1.0)), "left"),)
DISC = (Component(Ellipse((0.5, 0.5), (0.2, 0.2), kind="disc"), "disc"),)
SPECK = (Component(Ellipse((0.9, 0.9), (1e-3, 1e-3), kind="disc"), "speck"),)


def test_every_point_has_the_piece_of_the_shapes_around_it():
    found = cells(SQUARE, (LEFT, DISC))
    # Half a disc on either side.
    assert len(found) == 4
    points = even(2000, 2)
    own = owner([one.region for one in found], points)
    x, y = points.T
    bits = 2 * (x >= 0.5) + (np.hypot(x - 0.5, y - 0.5) >= 0.2)
    assert np.array_equal(own, bits)
    assert np.allclose(found[0].lower, (0.3, 0.3), atol=1e-6)
    assert np.allclose(found[0].upper, (0.5, 0.7), atol=1e-6)


def test_a_speck_is_a_piece():
    found = cells(SQUARE, (SPECK,))
    assert len(found) == 2
    assert np.hypot(*(found[0].inside - 0.9)) < 1e-3


def test_an_interface_is_seen_once_from_within_its_shape():
    pieces = cells(SQUARE, (DISC,))
    (met,) = interfaces(SQUARE, pieces)
    assert (met.first, met.second) == (0, 1)
    at = met.part.side.points(even(16, 1))
    assert met.part.bounds_own(at).all()
    assert np.allclose(met.part.normals(at), (at - 0.5) / 0.2)
    # Four pieces meet in two corners: on the line within and outside of the disc, on two arcs.
    crossed = interfaces(SQUARE, cells(SQUARE, (LEFT, DISC)))
    assert sorted((one.first, one.second) for one in crossed) == [(0, 1), (0, 2), (1, 3), (2, 3)]


def test_components_are_apart_where_no_point_is_in_two():
    assert disjoint(SQUARE, (*DISC, *SPECK))
    assert not disjoint(SQUARE, (*DISC, *LEFT))
