"""Materials: polynomials of their own in every piece of a region, joined along interfaces."""

from pathlib import Path

import numpy as np
import pytest

import pikan
from pikan.network.piecewise import PiecewiseProduct
from pikan.spec.formulas import problem
from pikan.spec.reader import parse_spec

SHAPES = Path(__file__).resolve().parents[2] / "problems" / "shapes"
CONTACT = """
domain: {x: [0, 1], y: [0, 1]}
shapes: {left: {box: {x: [0, 0.4], y: [0, 1]}}}
constants:
  h: 2
  a: {pieces: {left: 1, else: 4}}
  c: {pieces: {left: 0, else: 0.4 + 1/h - 0.4/4}}
unknowns: [u]
equations: [div(a*grad(u)) = 0]
conditions:
  - {where: x = 0, that: u = 0}
  - {where: x = 1, that: a*u_n = 1}
  - {where: [y = 0, y = 1], that: u_n = 0}
  - {where: left, that: a(inside)*u_n(inside) = h*(u(outside) - u(inside))}
exact: {u: x/a + c}
quantities:
  through: {integral: a(outside)*u_n(outside), over: left}
  area: {integral: a}
  edge: {integral: a*u, over: y = 0}
  inner: {value: u, at: {x: 0.2, y: 0.5}}
"""


@pytest.mark.slow
def test_jumps_that_are_written_come_out_to_rounding():
    solution = pikan.solve(SHAPES / "inclusion.yaml")
    assert solution.outcome.kind == "converged"
    assert solution.errors["u"].relative_l2 < 1e-12


@pytest.mark.slow
def test_a_contact_with_resistance_lets_values_jump_and_keeps_the_flux(tmp_path):
    solution = pikan.solve(CONTACT)
    assert solution.outcome.kind == "converged"
    assert solution.errors["u"].relative_l2 < 1e-13
    found = {name: one.value for name, one in solution.quantities.items()}
    # u = x on the left and 0.8 + x / 4 on the right.
    expected = {"through": 1.0, "area": 2.8, "inner": 0.2}
    expected["edge"] = 0.4**2 / 2 + 4 * (0.8 * 0.6 + (1 - 0.4**2) / 8)
    assert found == pytest.approx(expected, rel=1e-12)
    left, right = solution(x=[0.4 - 1e-6, 0.4 + 1e-6], y=0.5)
    assert [left, right] == pytest.approx([0.4, 0.9], abs=2e-6)
    # An archive gives back the same, piece by piece.
    solution.keep(tmp_path)
    points = np.random.default_rng(0).random((50, 2))
    kept = pikan.load(tmp_path)
    assert np.array_equal(kept(points), solution(points))
    assert np.array_equal(kept.partial("u_x", points), solution.partial("u_x", points))


@pytest.mark.slow
def test_a_source_in_rings_of_three_materials():
    solution = pikan.solve("""
region: {disc: {center: [0, 0], radius: 1}}
shapes: {ring: {annulus: {center: [0, 0], inner: 0.4, outer: 0.7}}}
constants:
  a: {pieces: {ring: 10, x^2 + y^2 < 0.3: 1, else: 0.1}}
unknowns: [u]
equations: [-div(a*grad(u)) = 1]
conditions: [{where: boundary, that: u = 0}]
quantities: {middle: {value: u, at: {x: 0, y: 0}}}
""")
    network = solution.network
    # The comparison cuts the ring in two.
    assert isinstance(network, PiecewiseProduct)
    assert len(network.pieces()) == 4
    # -a u_r r = r^2 / 2 in every material.
    exact = (0.4**2 / 1 + (0.7**2 - 0.4**2) / 10 + (1 - 0.7**2) / 0.1) / 4
    assert solution.quantities["middle"].value == pytest.approx(exact, rel=1e-11)


@pytest.mark.slow
def test_heat_conducted_as_its_temperature_says():
    # v = u + u^3 / 3 satisfies div(a grad(v)) = 0: a straight line on each side.
    solution = pikan.solve("""
domain: {x: [0, 1], y: [0, 1]}
constants:
  a: {pieces: {x < 0.5: 1, else: 3}}
unknowns: [u]
equations: [div((1 + u^2)*a*grad(u)) = 0]
conditions:
  - {where: x = 0, that: u = 0}
  - {where: x = 1, that: u = 1}
  - {where: [y = 0, y = 1], that: u_n = 0}
""")
    assert solution.outcome.kind == "converged"
    x = np.array([0.1, 0.3, 0.6, 0.9])
    # The potential is 4/3 at the end, where a flux q has made it q/2 + q/6.
    v = np.where(x < 0.5, 2.0 * x, 1.0 + 2.0 / 3.0 * (x - 0.5))
    u = np.asarray(solution(x=x, y=0.3))
    assert u + u**3 / 3 == pytest.approx(v, rel=1e-9)


def stated(rest):
    return problem(parse_spec(rest, "pieces.yaml", Path()))


def test_what_holds_on_an_interface_follows_from_the_equation():
    head = """
domain: {x: [0, 1], y: [0, 1]}
shapes: {left: {box: {x: [0, 0.5], y: [0, 1]}}}
constants: {a: {pieces: {left: 1, else: 3}}}
unknowns: [u]
conditions:
  - {where: boundary, that: u = 0}
"""

    def labels(equation, more=""):
        found = stated(f"{head}{more}\nequations: ['{equation}']").interfaces
        return [one.label.removeprefix("interface ") for one in found]

    assert labels("-div(a*grad(u)) = 1") == ["left: u", "left: flux"]
    assert labels("a*(u_xx + u_yy) = 1") == ["left: u", "left: u_n"]
    jump = "  - {where: interface, that: u(inside) - u(outside) = 1}"
    assert labels("div(a*grad(u)) = 1", jump) == [
        "interface: u(inside) - u(outside) = 1".removeprefix("interface "),
        "left: flux",
    ]
    slope = "  - {where: left, that: u_n(inside) = u_x(outside) + x}"
    assert labels("div(a*grad(u)) = 1", slope)[1:] == ["left: u"]
    assert len(labels("div(a*grad(u)) = 1", f"{jump}\n{slope}")) == 2
