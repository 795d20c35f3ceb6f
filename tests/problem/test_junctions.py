"""Junctions of materials: powers against closed forms, and where a problem has them."""

from math import atan, pi, sqrt
from pathlib import Path

import numpy as np
import pytest

from pikan.problem.junctions import powers, singular_points_of_pieces
from pikan.spec.formulas import problem
from pikan.spec.reader import parse_spec

SQUARE = """
domain: {x: [-1, 1], y: [-1, 1]}
shapes: {inner: {box: {x: [-0.5, 0.5], y: [-0.5, 0.5]}}}
constants: {a: {pieces: {inner: 10, else: 1}}}
unknowns: [u]
equations: [-div(a*grad(u)) = 1]
conditions: [{where: boundary, that: u = 0}]
"""
OBLIQUE = """
domain: {x: [0, 1], y: [0, 1]}
constants: {a: {pieces: {y < x: 3, else: 1}}}
unknowns: [u]
equations: [-div(a*grad(u)) = 1]
conditions:
  - {where: [x = 0, x = 1], that: u = 0}
  - {where: [y = 0, y = 1], that: u_n = 0}
"""


def stated(text):
    return problem(parse_spec(text, "junction.yaml", Path()))


def test_kellogg_s_four_squares_have_the_power_a_tenth():
    # Morin, Nochetto and Siebert 2000, SIAM J. Numer. Anal. 38, 466, section 5.3.
    ratio = 161.4476387975881
    found = powers([pi / 2] * 4, [ratio, 1.0, ratio, 1.0], None)
    assert found[0] == pytest.approx(0.1, abs=1e-10)


def test_one_material_has_the_powers_of_a_corner():
    for ends, first in (((True, True), 1.0), ((True, False), 0.5), ((False, False), 1.0)):
        found = powers([0.4, 0.9, 0.7], [2.0] * 3, ends)[:4]
        assert found == pytest.approx([(first + k) * pi / 2.0 for k in range(4)], abs=1e-10)


@pytest.mark.parametrize("ratio", [0.01, 10.0])
def test_a_square_inclusion_has_the_power_at_which_its_even_solution_joins(ratio):
    # Even about the diagonal: c tan(a pi / 4) = -tan(3 a pi / 4), or the odd one with the
    # inverse ratio; tan(3 t) = (3 t - t^3) / (1 - 3 t^2) with t = tan(a pi / 4).
    expected = [4 / pi * atan(sqrt((r + 3) / (3 * r + 1))) for r in (ratio, 1 / ratio)]
    found = powers([pi / 2, 3 * pi / 2], [ratio, 1.0], None)[:2]
    assert found == pytest.approx(sorted(expected), abs=1e-10)


def test_corners_of_an_inclusion_are_junctions_of_both_pieces():
    inner, outer = singular_points_of_pieces(stated(SQUARE))
    corners = {one.point: one for one in outer if len(one.exponents) > 1}
    assert set(corners) == {(x, y) for x in (-0.5, 0.5) for y in (-0.5, 0.5)}
    assert {one.point for one in inner} == set(corners)
    assert all(one.angle == pytest.approx(pi / 2) for one in inner)
    assert all(one.angle == pytest.approx(3 * pi / 2) for one in corners.values())
    first = 4 / pi * atan(sqrt(13 / 31))
    assert all(one.exponents[0] == pytest.approx(first) for one in (*inner, *corners.values()))


def test_an_interface_that_ends_in_a_corner_has_the_powers_of_both_conditions():
    found = singular_points_of_pieces(stated(OBLIQUE))
    for number, own in enumerate(found):
        angles = {one.point: one for one in own}
        at_start = angles[0.0, 0.0]
        # Above lies the material of 1, where u = 0 on x = 0; below u_n = 0 on y = 0.
        assert at_start.angle == pytest.approx(pi / 4)
        # p = cos(a t) below and B sin(a (pi / 2 - t)) above: 3 tan(a pi / 4)^2 = 1.
        assert at_start.exponents[0] == pytest.approx(4 / pi * atan(1 / sqrt(3)), abs=1e-9)
        assert np.cos(at_start.direction - (pi / 8, 3 * pi / 8)[number]) == pytest.approx(1.0)


def test_smooth_interfaces_and_conditions_that_tear_values_apart_have_no_junctions():
    disc = SQUARE.replace(
        "{box: {x: [-0.5, 0.5], y: [-0.5, 0.5]}}", "{disc: {center: [0, 0], radius: 0.5}}"
    )
    torn = SQUARE.replace(
        "that: u = 0}", "that: u = 0}, {where: inner, that: u_n(inside) = u(outside) - u(inside)}"
    )
    for text in (disc, torn):
        inner, outer = singular_points_of_pieces(stated(text))
        assert inner == ()
        assert {one.point for one in outer} == {(x, y) for x in (-1.0, 1.0) for y in (-1.0, 1.0)}
