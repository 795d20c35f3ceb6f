"""The exact solution leaves no residual, whatever is asked of it, and a wrong one does."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pikan.geometry.face import Face
from pikan.network import nested_autograd
from pikan.network.partials import partials
from pikan.problem.partials import Partial
from pikan.residuals.terms import (
    CollocationPoints,
    equation_terms,
    lower_face,
    matching_term,
    merge,
    terms,
    used_faces,
)
from tests.stated import KINDS, drawn, fitted, random_network, spline_kan, stated

# Polynomials, which the networks hold to rounding, so that every tolerance may be tight.
SQUARE = """
domain: {x: [-1, 1], y: [0, 3]}
unknowns: [u]
exact: {u: x^3*y + y^2 - 2*x*y}
equations: [laplacian(u) = 6*x*y + 2]
"""
CASES = {
    "Dirichlet": SQUARE + "conditions: [{where: boundary, that: u = x^3*y + y^2 - 2*x*y}]",
    "Neumann": SQUARE
    + """
conditions:
  - {where: x = -1, that: u_n = -y}
  - {where: x = 1, that: u_n = y}
  - {where: y = 0, that: u_n = -x^3 + 2*x}
  - {where: y = 3, that: u_n = x^3 + 6 - 2*x}
""",
    "Robin": SQUARE
    + """
conditions:
  - {where: x = -1, that: u + 2*u_n = y^2 - y}
  - {where: x = 1, that: 3*u - u_n = 3*y^2 - 4*y}
  - {where: y = 0, that: u - u_n = x^3 - 2*x}
  - {where: y = 3, that: x*u + u_n = 3*x^4 + 9*x - 6*x^2 + x^3 + 6 - 2*x}
""",
    "mixed": SQUARE
    + """
conditions:
  - where: [x = -1, y = 0]
    that: 3*u_x + u*u_y = 9*x^2*y - 6*y + (x^3*y + y^2 - 2*x*y)*(x^3 + 2*y - 2*x)
""",
    "edges and points": SQUARE
    + """
conditions:
  - {where: 'x = 1, y = 3', that: u = 6}
  - {where: 'x = 0.5, y = 1', that: u_xy = -1.25}
""",
    "an edge of a cube": """
domain: {x: [0, 1], y: [0, 2], z: [0, 3]}
unknowns: [u]
exact: {u: x*y^2 - z^2}
equations: [u_xx + u_yy + u_zz = 2*x - 2]
conditions:
  - {where: 'x = 1, y = 2', that: u = 4 - z^2}
  - {where: 'z = 3', that: u_n = -6}
""",
    "high order": """
domain: {x: [0, 1]}
unknowns: [u]
exact: {u: -x^4/24 + x^3/6 - x^2/4}
equations: [u_xxxx = -1]
conditions:
  - {where: x = 0, that: u = 0}
  - {where: x = 0, that: u_x = 0}
  - {where: x = 1, that: u_xx = 0}
  - {where: x = 1, that: u_xxx = 0}
""",
    "periodic": """
domain: {x: [-1, 1], t: [0, 2]}
constants: {a: 3}
unknowns: [u]
exact: {u: t*(x^3 - x + x^4 - 2*x^2)}
equations: [u_t - a*u_xx = x^3 - x + x^4 - 2*x^2 - 3*t*(6*x + 12*x^2 - 4)]
conditions: [{where: t = 0, that: u = 0}, {periodic: x}]
""",
    "several unknowns": """
domain: {x: [-1, 1], t: [0, 2]}
unknowns: [u, v]
exact: {u: x^2*t, v: x - t^2}
equations: [u_t + u*v_x - x^2 = x^2*t, 'v_t*u_x + v^2 = (x - t^2)^2 - 4*x*t^2']
conditions:
  - {where: t = 0, that: u*v = 0}
  - {where: x = 1, that: u_n + v = 2*t + 1 - t^2}
  - {where: t = 0, that: v + u_t = x + x^2}
""",
    "time's own faces": """
domain: {x: [0, 1], t: [-1, 2]}
unknowns: [u]
exact: {u: x*t^2}
equations: [u_tt - u_xx = 2*x]
conditions:
  - {where: t = -1, that: u_t = -2*x}
  - {where: t = -1, that: u_n = 2*x}
  - {where: t = 2, that: u_n = 4*x}
""",
}


def left(problem, network, points=None):
    """What is left of every sheet of a problem, label by label."""
    found = {}
    for term in terms(problem, points or drawn(problem)):
        found.setdefault(term.label, []).append(residual(term, network))
    return {label: torch.cat(rows) for label, rows in found.items()}


def residual(term, network):
    fields = (partials(network, p, term.needed_partials(k)) for k, p in enumerate(term.points))
    return term.residual(tuple(fields)).detach()


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_the_exact_solution_leaves_no_residual(text):
    problem = stated(text)
    found = left(problem, fitted(problem, degree=5))
    named = [one.label for one in (*problem.equations, *problem.conditions, *problem.periodic)]
    assert list(found) == named
    # Fourth derivatives of polynomials of degree 5 are ten thousand times their coefficients.
    assert all(float(rows.abs().max()) < 1e-10 for rows in found.values())


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_another_function_leaves_a_residual_in_every_place(text):
    problem = stated(text)
    network = random_network(KINDS[2], problem)
    assert all(float(rows.abs().max()) > 1e-3 for rows in left(problem, network).values())


@pytest.mark.parametrize("place", ["x = -1", "x = 1", "y = 0", "y = 3"])
def test_the_normal_points_outward_on_every_face(place):
    text = SQUARE + f"conditions: [{{where: {place}, that: u_n = 0}}]"
    problem = stated(text)
    points = drawn(problem)
    ((face, where),) = points.faces.items()
    ((axis, _),) = face.fixed
    outward = torch.zeros(2, dtype=torch.float64)
    outward[axis] = 1.0 if where[0, axis] > 0.5 else -1.0
    assert face.normal(problem.box) == tuple(outward.tolist())
    network = random_network(spline_kan, problem)
    where = where.clone().requires_grad_()
    (slope,) = torch.autograd.grad(network(where).sum(), where)
    torch.testing.assert_close(left(problem, network, points)[place], slope @ outward)


def test_a_residual_is_what_nested_differentiation_makes_of_it():
    problem = stated("""
domain: {x: [-1, 1], t: [0, 1]}
constants: {nu: 0.3}
unknowns: [u]
equations: [u_t + u*u_x*exp(x) = nu*u_xx - sin(u)]
conditions: [{where: t = 0, that: u + t*u_x = cosh(x)}]
""")
    points = drawn(problem)
    for kind in KINDS:
        network = random_network(kind, problem)
        found = left(problem, network, points)
        x = points.interior[:, 0]
        wanted = [(0, 0), (1, 0), (0, 1), (2, 0)]
        u, u_x, u_t, u_xx = (
            derivatives[:, 0]
            for derivatives in map(
                nested_autograd.partials(network, points.interior, wanted).__getitem__, wanted
            )
        )
        plain = u_t + u * u_x * x.exp() - 0.3 * u_xx + u.sin()
        torch.testing.assert_close(found["equation"], plain, rtol=1e-11, atol=1e-11)
        start = points.faces[Face(((1, 0.0),))]
        torch.testing.assert_close(found["t = 0"], network(start)[:, 0] - start[:, 0].cosh())


WAVES = """
domain: {{x: [-1, 2], t: [0, 1]}}
unknowns: [u]
equations: ["{equation}"]
conditions: [{{where: t = 0, that: u = 0}}, {{periodic: x}}]
exact: {{u: {exact}}}
"""


@pytest.mark.parametrize(
    ("equation", "matched"),
    [("u_t + u_x = 0", 1), ("u_t = u_xx", 2), ("u_t + u_xxx = 0", 3), ("u_t + u_xxxx = 0", 4)],
)
def test_as_many_derivatives_are_matched_as_the_equation_has(equation, matched):
    # (x + 1)^4 goes from 0 to 81, its derivatives from 0 to 108, 108 and 72.
    problem = stated(WAVES.format(equation=equation, exact="(x + 1)^4"))
    points = drawn(problem)
    rows = left(problem, fitted(problem, 5), points)["periodic x"].reshape(matched, -1)
    expected = torch.tensor([-81.0, -108.0, -108.0, -72.0], dtype=torch.float64)[:matched, None]
    torch.testing.assert_close(rows, expected.expand_as(rows), rtol=1e-11, atol=0)


def test_both_ends_of_a_period_are_compared_at_the_same_moments():
    problem = stated(WAVES.format(equation="u_t + u_x = 0", exact="t^2*(x^2 - x)"))
    (periodic,) = terms(problem, drawn(problem))[2:]
    left_end, right_end = periodic.points
    assert torch.equal(left_end[:, 1], right_end[:, 1])
    assert left_end[:, 0].unique().tolist() == [-1.0]
    assert right_end[:, 0].unique().tolist() == [2.0]


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_merged_sheets_have_the_same_rows_label_by_label(text):
    problem = stated(text)
    network = random_network(spline_kan, problem)
    points = drawn(problem)
    found: dict[str, list[torch.Tensor]] = {}
    for term in merge(terms(problem, points)):
        found.setdefault(term.label, []).append(residual(term, network))
    apart = left(problem, network, points)
    assert list(found) == list(apart)
    for label, rows in found.items():
        one, other = torch.cat(rows).sort().values, apart[label].sort().values
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_a_condition_on_the_whole_boundary_is_asked_for_at_once():
    problem = stated(CASES["Dirichlet"])
    together = merge(terms(problem, drawn(problem)))
    assert [len(term.points[0]) for term in together] == [40, 4 * 15]


def test_data_of_merged_sheets_stay_beside_their_points():
    problem = stated(CASES["Dirichlet"])
    places = list(drawn(problem).faces.values())
    apart = [
        matching_term(problem, "start", place, Partial(0, (1, 0)), place[:, 1] ** 2)
        for place in places
    ]
    (together,) = merge(apart)
    network = random_network(spline_kan, problem)
    rows = torch.cat([residual(one, network) for one in apart])
    torch.testing.assert_close(residual(together, network), rows, rtol=1e-12, atol=1e-12)


def test_sheets_of_one_name_and_different_formulas_are_not_merged():
    problem = stated(CASES["Neumann"])
    found = terms(problem, drawn(problem))
    same_name = [replace(one, label="boundary") for one in found]
    assert len(merge(same_name)) == len(found)


PAIR = stated("""
domain: {x: [-1, 1], t: [0, 1]}
unknowns: [u, v]
equations: [u_t*v + u*u_xx^2 = x*sin(v_x) - 3*u, v = v_t]
conditions: [{where: t = 0, that: u = 0}, {where: t = 0, that: v = 0}]
""")


@settings(max_examples=settings.default.max_examples // 3)
@given(st.tuples(*[st.floats(-2, 2)] * 5))
def test_slopes_are_the_limits_of_difference_quotients(values):
    term = terms(PAIR, drawn(PAIR, inside=4))[0]
    names = ("u", "u_t", "u_xx", "v", "v_x")
    columns = {
        name: torch.full((4,), value, dtype=torch.float64)
        for name, value in zip(names, values, strict=True)
    }
    slopes = term.column_derivatives(columns)
    assert slopes.keys() == columns.keys()
    step = 1e-5
    for name in names:
        ahead, behind = (
            term.evaluate({**columns, name: columns[name] + change}) for change in (step, -step)
        )
        quotient = (ahead - behind) / (2 * step)
        # The third derivatives are below 10, so that h² of them is left, and rounding over h.
        torch.testing.assert_close(slopes[name], quotient, rtol=0, atol=1e-8)


def test_slopes_are_finite_where_the_factors_of_a_derivative_are_not():
    problem = stated("""
domain: {x: [0, 1]}
unknowns: [u]
equations:
  - u_xx = u*sqrt(u) + abs(u_x)^0.5*u_x + maximum(log(u), -5)*x + bessel_j1(u)
conditions: [{where: boundary, that: u = 0}]
""")
    term = terms(problem, drawn(problem, inside=4))[0]
    columns = {name: torch.zeros(4, dtype=torch.float64) for name in ("u", "u_x", "u_xx")}
    slopes = term.column_derivatives(columns)
    assert {name: slope.unique().tolist() for name, slope in slopes.items()} == {
        "u": [-0.5],
        "u_x": [0.0],
        "u_xx": [1.0],
    }


def test_slopes_leave_no_graph_behind():
    problem = stated(CASES["mixed"])
    term = terms(problem, drawn(problem))[1]
    network = random_network(spline_kan, problem)
    columns = term.columns((partials(network, term.points[0], term.needed_partials(0)),))
    assert all(not slope.requires_grad for slope in term.column_derivatives(columns).values())


@pytest.mark.parametrize("equation", ["u_t = step(u - 0.5)", "sign(u) = step(u_t)"])
def test_what_only_jumps_with_an_unknown_has_no_slope(equation):
    problem = stated(
        f"domain: {{t: [0, 1]}}\nunknowns: [u]\nequations: ['{equation}']\n"
        "conditions: [{where: t = 0, that: u = 0}]\n"
    )
    points = torch.linspace(0, 1, 5, dtype=torch.float64)[:, None]
    (term,) = equation_terms(problem, points)
    columns = {name: torch.rand(5, dtype=torch.float64) for name in ("u", "u_t")}
    value, slopes = term.value_and_derivatives(columns)
    assert torch.equal(value, term.evaluate(columns))
    assert not slopes["u"].any()


def test_every_face_in_use_is_named_once():
    problem = stated("""
domain: {x: [0, 1], y: [0, 1], t: [0, 1]}
unknowns: [u]
equations: [u_t = u_xx + u_yy]
conditions:
  - {where: t = 0, that: u = 0}
  - {where: t = 0, that: u_x = 0}
  - {where: [y = 0, y = 1], that: u = 0}
  - {periodic: x}
""")
    (match,) = problem.periodic
    faces = used_faces(problem)
    assert faces == (*(Face(((2, 0.0),)), Face(((1, 0.0),)), Face(((1, 1.0),))), Face(((0, 0.0),)))
    assert lower_face(problem, match) == faces[-1]


def test_conditions_hold_on_the_points_of_their_own_faces():
    problem = stated(CASES["Dirichlet"])
    points = CollocationPoints(
        torch.zeros(1, 2, dtype=torch.float64),
        {
            face: torch.full((k + 1, 2), float(k), dtype=torch.float64)
            for k, face in enumerate(used_faces(problem))
        },
    )
    conditions = terms(problem, points)[1:]
    assert [len(term.points[0]) for term in conditions] == [1, 2, 3, 4]
    np.testing.assert_array_equal([float(s.points[0][0, 0]) for s in conditions], [0, 1, 2, 3])
