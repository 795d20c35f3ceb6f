"""Numbers that are wanted of a solution: integrals, values, extrema, each with its estimate."""

from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import pikan
from pikan.files.json_text import from_json
from pikan.report.report import Report
from pikan.report.table import show

SHAPES = Path(__file__).resolve().parents[1] / "problems" / "shapes"
# u = 1 - r² in a disc of radius 1 with a hole of radius 1/2.
RING = """
name: ring
region: {annulus: {center: [0, 0], inner: 0.5, outer: 1}}
unknowns: [u]
equations: [-laplacian(u) = k]
constants: {k: 4}
conditions:
  - {where: outer, that: u = 0}
  - {where: inner, that: u = 3/4}
quantities:
  mass: {integral: u}
  work: {integral: u_x^2 + u_y^2, over: region}
  out: {integral: u_n, over: outer}
  in: {integral: u_x*n_x + u_y*n_y, over: inner}
  both: {integral: u_n, over: [outer, inner]}
  area: {integral: k/4, over: region}
  tip: {value: u*k, at: {x: 0.6, y: 0}}
  peak: {maximum: u + x/10}
  low: {minimum: u_x, over: outer}
"""
EXACT = {
    "mass": np.pi * (0.75 - (1 - 1 / 16) / 2),
    "work": 2 * np.pi * (1 - 1 / 16),
    "out": -4 * np.pi,
    "in": np.pi,
    "both": -3 * np.pi,
    "area": 0.75 * np.pi,
    "tip": 2.56,
    "peak": 0.8,
    "low": -2.0,
}


@pytest.fixture(scope="module")
def ring():
    return pikan.solve(RING)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
def test_a_number_is_that_of_the_exact_solution_to_within_its_estimate(ring, name):
    found = ring.quantities[name]
    assert found.value == pytest.approx(EXACT[name], abs=1e-11)
    assert abs(found.value - EXACT[name]) <= 10 * found.estimate + 1e-14


@pytest.mark.slow
def test_extrema_come_with_their_places(ring):
    assert ring.quantities["peak"].place == pytest.approx({"x": 0.5, "y": 0.0}, abs=1e-6)
    assert ring.quantities["low"].place == pytest.approx({"x": 1.0, "y": 0.0}, abs=1e-6)
    assert ring.quantities["mass"].place == {}


def test_faces_of_boxes_have_integrals_and_normals_in_the_table_and_the_report(tmp_path):
    solution = pikan.solve(
        """
domain: {x: [0, 2], t: [0, 1]}
unknowns: [u]
equations: [u_t = u_xx]
conditions:
  - {where: t = 0, that: u = cos(pi*x/2)}
  - {where: boundary, that: u_x = 0}
quantities:
  energy: {integral: u^2, over: t = 1}
  flux: {integral: u_n, over: x = 2}
  all: {integral: u^2, over: domain}
  peak: {maximum: u*x, over: t = 0}
"""
    )
    decay = np.exp(-(np.pi**2) / 2)
    assert solution.quantities["energy"].value == pytest.approx(decay, abs=1e-10)
    assert solution.quantities["flux"].value == pytest.approx(0.0, abs=1e-10)
    exact = (1 - decay) / (np.pi**2 / 2)
    assert solution.quantities["all"].value == pytest.approx(exact, abs=1e-10)
    # x cos(pi x / 2) is largest where cot(pi x / 2) = pi x / 2.
    assert solution.quantities["peak"].place["x"] == pytest.approx(
        2 / np.pi * 0.8603335890, abs=1e-6
    )
    solution.keep(tmp_path)
    kept = from_json((tmp_path / "report.json").read_text(), Report)
    assert kept.quantities == solution.quantities
    stream = StringIO()
    show(Console(file=stream, width=120), solution.report, "Rod")
    assert "integral over t = 1" in stream.getvalue()


def test_without_a_level_before_the_estimate_of_the_solution_is_carried_over():
    solution = pikan.solve(
        """
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_x + u = 0]
conditions: [{where: x = 0, that: u = 1}]
quantities: {mass: {integral: u}}
training: [elements: {}]
"""
    )
    found = solution.quantities["mass"]
    assert "estimated error of the solution" in found.how
    assert abs(found.value - (1 - np.exp(-1))) <= found.estimate


@pytest.mark.slow
def test_the_torsion_of_a_square_has_its_known_numbers():
    """Source: Timoshenko and Goodier 1970, the series of section 109, summed to all digits."""
    found = pikan.solve(SHAPES / "torsion.yaml").quantities
    assert found["torsion_constant"].value == pytest.approx(2.2492322392825, abs=1e-10)
    assert found["largest_stress"].value == pytest.approx(1.3506289666271, abs=1e-10)
    # Everything that is put in flows out.
    assert found["flux"].value == pytest.approx(8.0, abs=1e-9)
