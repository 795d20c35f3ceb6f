"""Outlines: curves through points of a file, and what is none."""

from pathlib import Path

import numpy as np
import pytest

import pikan
from pikan.geometry.curve import Curve
from pikan.geometry.domain import even
from pikan.geometry.polygon import Polygon
from pikan.spec.constants import Constants
from pikan.spec.faults import Origin, SpecError
from pikan.spec.outlines import ShapeError, outline_shape
from pikan.spec.shapes import OutlineSettings

ROUND = np.linspace(0.0, 2 * np.pi, 61)[:-1]
REST = """
unknowns: [u]
equations: [laplacian(u) = 4]
conditions: [{where: boundary, that: u = x^2 + y^2}]
exact: {u: x^2 + y^2}
"""


def ellipse(angles=ROUND):
    return np.stack([2 * np.cos(angles), np.sin(angles)], axis=1)


def shape(points, **settings):
    pairs = tuple(map(tuple, np.asarray(points, dtype=float).tolist()))
    written = OutlineSettings(points=pairs, **settings)
    return outline_shape(written, Origin(), ("x", "y"), Constants({}))


def test_a_spline_comes_near_to_its_curve_with_the_sixth_power_of_the_distance():
    away = []
    for count in (24, 48):
        made = shape(ellipse(2 * np.pi * np.arange(count) / count))
        assert isinstance(made, Curve)
        x, y = made.side.points(even(500, 1)).T
        away.append(np.abs(np.hypot(x / 2, y) - 1).max())
    assert away[1] < away[0] / 40
    assert away[1] < 1e-6


@pytest.mark.parametrize("turn", [1, -1])
def test_normals_lead_out_whichever_way_the_points_run(turn):
    made = shape(ellipse()[::turn])
    at = made.sides[0].points(even(50, 1))
    normals = made.sides[0].normals(at)
    assert np.linalg.norm(normals, axis=1) == pytest.approx(1.0)
    assert made.contains(at - 1e-3 * normals).all()
    assert not made.contains(at + 1e-3 * normals).any()


def test_straight_outlines_have_corners_where_they_turn():
    square = [(0, 0), (1, 0), (2, 0), (2, 2), (1, 2), (0, 2), (0, 1), (0, 0)]
    made = shape(square, straight=True)
    assert isinstance(made, Polygon)
    assert made.corners == ((0, 0), (2, 0), (2, 2), (0, 2))


@pytest.mark.parametrize(
    ("points", "settings", "said"),
    [
        (ellipse()[:40], {}, "is open"),
        (ellipse()[:5], {}, "has 5 points, a smooth outline needs 8"),
        (ellipse(2 * ROUND), {}, "crosses or touches itself"),
        (np.insert(ellipse(), 5, ellipse()[5], axis=0), {}, "is there twice in a row"),
        (np.stack([ROUND, 0 * ROUND], axis=1), {}, "has no area"),
        (1e-9 * ellipse() + 1e3, {}, "where rounding is as large"),
        (ellipse(np.linspace(0, 6.2, 500)), {"straight": True}, "has 500 corners, at most 300"),
    ],
)
def test_what_is_no_outline_is_told_why(points, settings, said):
    with pytest.raises(ShapeError, match=said):
        shape(points, **settings)


def written(folder, count, names="x,y"):
    points = ellipse(2 * np.pi * np.arange(count) / count)
    np.savetxt(folder / "rim.csv", points, delimiter=",", header=names, comments="")


def test_a_file_of_very_many_points_is_refused_at_once(tmp_path):
    written(tmp_path, 100_000)
    text = "region: {outline: {file: rim.csv}}" + REST
    (tmp_path / "rim.yaml").write_text(text)
    with pytest.raises(SpecError, match=r"100,000 points, at most 2000.* every 50th"):
        pikan.solve(tmp_path / "rim.yaml")


@pytest.mark.slow
def test_a_result_holds_the_points_themselves(tmp_path):
    written(tmp_path, 40, "lon,lat")
    text = "region: {outline: {file: rim.csv, coordinates: {x: lon, y: lat}}}" + REST
    (tmp_path / "rim.yaml").write_text(text)
    solution = pikan.solve(tmp_path / "rim.yaml")
    assert solution.outcome.kind == "converged"
    assert solution.errors["u"].relative_l2 < 1e-12
    solution.keep(tmp_path / "kept")
    (tmp_path / "rim.csv").unlink()
    again = pikan.solve(tmp_path / "kept" / "problem.yaml")
    at = np.array([[0.3, 0.2], [1.9, 0.0]])
    assert np.array_equal(again(at), solution(at))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ShapeError, match="is not there"):
        outline_shape(
            OutlineSettings(file="rim.csv"), Origin("p", tmp_path), ("x", "y"), Constants({})
        )
    with pytest.raises(ShapeError, match="in the folder of the problem file"):
        outline_shape(
            OutlineSettings(file="../rim.csv"), Origin("p", Path()), ("x", "y"), Constants({})
        )
