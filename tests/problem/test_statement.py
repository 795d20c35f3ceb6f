"""Partials are read and named the same way everywhere, and a problem knows what it needs."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pikan.expression.parse import parse
from pikan.expression.tree import Name, Number, text
from pikan.geometry.face import Face
from pikan.problem.classification import equation_order, linear
from pikan.problem.partials import (
    Partial,
    partial,
    partial_name,
    partials,
    subscripts,
)
from pikan.problem.statement import normal_derivative, partials_in_use, residual_on
from pikan.spec.formulas import problem
from pikan.spec.reader import parse_spec as spec

SQUARE = SimpleNamespace(coordinates=("x", "y", "t"), unknowns=("u", "v"))


def stated(equations, conditions, domain="{x: [0, 1], t: [0, 1]}", unknowns="[u]"):
    written = "\n".join(
        [f"domain: {domain}", f"unknowns: {unknowns}", "equations:"]
        + [f"  - {equation}" for equation in equations]
        + ["conditions:"]
        + [f"  - {condition}" for condition in conditions]
    )
    return problem(spec(written, "test.yaml", Path()))


@given(st.integers(0, 1), st.lists(st.integers(0, 4), min_size=3, max_size=3))
def test_the_name_of_a_partial_reads_back_as_that_partial(unknown, orders):
    wanted = Partial(unknown, tuple(orders))
    assert partial(SQUARE, partial_name(SQUARE, wanted)) == wanted


@given(st.lists(st.sampled_from(["x1", "x10", "x2"]), min_size=1, max_size=6))
def test_longer_coordinates_are_read_before_shorter_ones(spelled):
    coordinates = ("x1", "x10", "x2")
    read = subscripts("".join(spelled), coordinates)
    assert [coordinates[axis] for axis in read] == spelled


def test_a_reading_that_needs_the_shorter_coordinate_is_found():
    assert subscripts("abc", ("a", "ab", "bc")) == (0, 2)


def test_hopeless_subscripts_are_refused_without_trying_all_splits():
    assert subscripts("a" * 2000 + "b", ("a", "aa", "aaa")) is None


def test_what_is_no_partial_is_none():
    for name in ("w", "u_", "u_z", "u_xz", "x", "_x", "u_n", ""):
        assert partial(SQUARE, name) is None


def test_partials_of_an_expression_are_found_under_their_names():
    found = partials(SQUARE, parse("u*v_x + x*k"))
    assert found == {"u": Partial(0, (0, 0, 0)), "v_x": Partial(1, (1, 0, 0))}


@pytest.mark.parametrize(
    ("equation", "affine"),
    [
        ("u_t = u_xx", True),
        ("u_t = sin(x)*u_xx + exp(t)*u + 3", True),
        ("u_t + u*u_x = u_xx", False),
        ("u_t = u^2", False),
        ("u_t = sin(u)", False),
        ("u_t = u_x/x", True),
        ("u_t = x/u", False),
        ("u_t = (u + 1)*2 + u/3", True),
        ("u_t = abs(u)", False),
        ("u_t = step(u - 1)", False),
        ("u_t = u_xx + x*sign(u_x)", False),
        ("u_t = step(x - 1)*u", True),
        ("u_t = u^1", True),
    ],
)
def test_linearity_is_decided_symbolically(equation, affine):
    assert linear(stated([equation], ["{where: t = 0, that: u = 0}"])) is affine


def test_a_nonlinear_condition_makes_a_problem_nonlinear():
    radiating = ["{where: x = 0, that: u_n = u^4}"]
    assert not linear(stated(["u_t = u_xx"], radiating))
    robin = ["{where: x = 0, that: u_n + 2*u = x}"]
    assert linear(stated(["u_t = u_xx"], robin))


def test_the_order_is_that_of_the_highest_derivative_along_the_axis():
    system = stated(
        ["u_t = v_xx + u_xxx", "v_tt = u*u_xx"],
        ["{where: t = 0, that: u = 0}"],
        unknowns="[u, v]",
    )
    orders = [[equation_order(system, unknown, axis) for axis in (0, 1)] for unknown in (0, 1)]
    assert orders == [[3, 1], [2, 2]]


def test_the_outward_normal_points_out_of_every_face():
    heat = stated(["u_t = u_xx"], ["{where: boundary, that: u_n = x}"])
    condition = heat.conditions[0]
    written = [text(residual_on(heat, condition, face)) for face in condition.faces]
    assert written == ["-u_x - x", "u_x - x"]
    oblique = normal_derivative(heat, 0, (Name("n_x"), Number(0.5)))
    assert text(oblique) == "n_x*u_x + 0.5*u_t"


def test_an_edge_has_no_outward_normal():
    heat = stated(["u_t = u_xx"], ["{where: boundary, that: u_n = 0}"])
    with pytest.raises(ValueError, match="no outward normal at x = 0, t = 0"):
        residual_on(heat, heat.conditions[0], Face(((0, 0.0), (1, 0.0))))


def test_all_partials_in_use_are_known_those_of_conditions_included():
    beam = stated(
        ["u_xxxx = 1"],
        ["{where: x = 0, that: u = 0}", "{where: x = 1, that: u_n = 0}"],
        domain="{x: [0, 1]}",
    )
    assert partials_in_use(beam) == {Partial(0, (4,)), Partial(0, (0,)), Partial(0, (1,))}


def test_a_periodic_problem_uses_what_it_matches():
    ring = stated(["u_t = u_xxx"], ["{where: t = 0, that: u = 0}", "{periodic: x}"])
    assert ring.periodic[0].orders == (3,)
    assert {Partial(0, (by, 0)) for by in (0, 1, 2)} <= partials_in_use(ring)
