"""Quadrature over regions, their sides and boxes: areas, lengths, moments, singular corners."""

from math import gamma, pi
from pathlib import Path

import numpy as np
import pytest

from pikan.geometry.box import Box
from pikan.geometry.domain import Domain
from pikan.geometry.extrema import largest_value
from pikan.geometry.face import Face
from pikan.geometry.quadrature import rule
from pikan.geometry.stretches import arcs
from pikan.spec.formulas import problem
from pikan.spec.reader import parse_spec

REST = (
    "unknowns: [u]\nequations: [laplacian(u) = 0]\nconditions: [{where: boundary, that: u = 0}]\n"
)
NONE = np.zeros((0, 2))
SQUARE = "domain: {x: [-0.5, 0.5], y: [-0.5, 0.5]}"
DISCS = "[[0.3, 0.3], [-0.3, 0.3], [0.3, -0.3], [-0.3, -0.3]]"
LENS = 2 * pi / 3 - 3**0.5 / 2
# Area and length of plane regions, volume and surface of solids.
MEASURES = {
    "region: {disc: {center: [0.3, 0], radius: 2}}": (4 * pi, 4 * pi),
    "region: {annulus: {center: [0, 0], inner: 0.5, outer: 1}}": (0.75 * pi, 3 * pi),
    "region: {polygon: [[-1, -1], [0, -1], [0, 0], [1, 0], [1, 1], [-1, 1]]}": (3.0, 8.0),
    f"{SQUARE}\nwithout: {{disc: {{centers: {DISCS}, radius: 0.1}}}}": (
        1 - 0.04 * pi,
        4 + 0.8 * pi,
    ),
    "region: {formula: x^2 + y^2/4 < 1}": (2 * pi, 9.688448220547675),
    "region: {disc: {center: [0, 0], radius: 1}, within: {disc: {center: [1, 0], radius: 1}}}": (
        LENS,
        4 * pi / 3,
    ),
    "region: {ball: {center: [0, 0, 0.2], radius: 1}}": (4 * pi / 3, 4 * pi),
    "region: {cylinder: {center: [0, 0], radius: 1, ends: [0, 2]}}": (2 * pi, 6 * pi),
}


def stated(region):
    return problem(parse_spec(f"{region}\n{REST}", "region.yaml", Path())).domain


SLOW = ("formula", "within")


def test_a_straight_side_is_one_arc():
    region = stated("region: {polygon: [[0.1, 0.2], [1.3, 0.7], [0.9, 1.9], [-0.4, 1.1]]}").region
    assert region is not None
    assert len(arcs(region, NONE)) == 4


@pytest.mark.parametrize(
    "region",
    [
        pytest.param(one, marks=pytest.mark.slow if any(w in one for w in SLOW) else ())
        for one in MEASURES
    ],
)
def test_measures_of_regions_and_their_boundaries_are_those_of_geometry(region):
    domain = stated(region)
    inside, boundary = MEASURES[region]
    steps = 48 if domain.box.dimension == 2 else 32
    assert rule(domain, Face(()), steps, {}, NONE).weights.sum() == pytest.approx(inside, rel=1e-12)
    found = sum(rule(domain, part, steps, {}, NONE).weights.sum() for part in domain.region.parts)
    assert found == pytest.approx(boundary, rel=1e-11)


@pytest.mark.slow
def test_the_divergence_theorem_holds_on_a_star():
    domain = stated(
        "region: {curve: {x: (1 + 0.3*cos(5*s))*cos(s), y: (1 + 0.3*cos(5*s))*sin(s), "
        "s: [0, 2*pi]}}"
    )
    x, y = (inside := rule(domain, Face(()), 96, {}, NONE)).points.T
    (part,) = domain.region.parts
    edge = rule(domain, part, 96, {}, NONE)
    flux = edge.points[:, 0] ** 2 * edge.points[:, 1] * part.normals(edge.points)[:, 0]
    assert inside.weights @ (2 * x * y + x) == pytest.approx(
        edge.weights @ (flux + edge.points[:, 0] ** 2 / 2 * part.normals(edge.points)[:, 0]),
        abs=1e-10,
    )


def test_a_singular_corner_costs_no_digits():
    """Over the L-shape r^(-1/3) is the sum over three squares of one integral by angle."""
    domain = stated("region: {polygon: [[-1, -1], [0, -1], [0, 0], [1, 0], [1, 1], [-1, 1]]}")
    points, weights = rule(domain, Face(()), 192, {}, np.zeros((1, 2)))
    nodes, own = np.polynomial.legendre.leggauss(60)
    angles = pi / 8 * (nodes + 1)
    # Each of six triangles: the integral of r^(2/3) dr dt up to r = 1 / cos t.
    exact = 6 * np.sum(pi / 8 * own * np.cos(angles) ** (-5 / 3)) * 3 / 5
    found = weights @ np.linalg.norm(points, axis=1) ** (-1 / 3)
    assert found == pytest.approx(exact, rel=1e-11)


def test_boxes_of_many_coordinates_are_integrated_too():
    domain = Domain(Box(tuple("abcd"), (0.0,) * 4, (2.0,) * 4))
    points, weights = rule(domain, Face(()), 24, {}, NONE)
    assert weights.sum() == pytest.approx(16.0)
    assert weights @ points[:, 0] == pytest.approx(16.0, rel=1e-2)


def test_breaks_keep_kinks_exact():
    domain = Domain(Box(("x",), (0.0,), (1.0,)))
    points, weights = rule(domain, Face(()), 24, {0: [0.3]}, NONE)
    assert weights @ np.abs(points[:, 0] - 0.3) == pytest.approx((0.09 + 0.49) / 2, abs=1e-15)


@pytest.mark.parametrize("power", [0.5, 1.0, 3.0])
def test_the_gamma_function_of_a_side(power):
    """The beta integral of x^(power - 1) (1 - x)^(-1/2) along one side of a square."""
    domain = stated("region: {box: {x: [0, 1], y: [0, 1]}}")
    part = next(one for one in domain.region.parts if one.straight() == (1, 0.0))
    points, weights = rule(domain, part, 192, {}, NONE)
    found = weights @ points[:, 0] ** (power - 0.5)
    assert found == pytest.approx(gamma(power + 0.5) / gamma(power + 1.5), rel=1e-12)


def test_the_largest_value_is_found_inside_and_on_curved_boundaries():
    domain = stated("region: {disc: {center: [0, 0], radius: 1}}")
    inner = largest_value(domain, Face(()), lambda p: -np.sum((p - [0.2, -0.4]) ** 2, axis=1))
    assert inner.place == pytest.approx((0.2, -0.4), abs=1e-7)
    outer = largest_value(domain, Face(()), lambda p: 3 * p[:, 0] + 4 * p[:, 1])
    assert outer.value == pytest.approx(5.0, abs=1e-13)
