"""A spec becomes the problem that its author means."""

import re
from pathlib import Path

import numpy as np
import pytest

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate
from pikan.expression.tree import substitute, text
from pikan.geometry.face import Face
from pikan.problem.partials import partials
from pikan.problem.statement import residual_on
from pikan.references.formula import FormulaSolution
from pikan.spec.formulas import problem
from pikan.spec.reader import parse_spec, read_spec

PROBLEMS = Path(__file__).parents[2] / "problems"
SHIPPED = sorted(
    f for f in PROBLEMS.rglob("*.yaml") if f.parent.name not in ("sweeps", "operators")
)
SOLVED = [path for path in SHIPPED if isinstance(problem(read_spec(path)).exact, FormulaSolution)]
PLATE = """
domain: {x: [-L, L], y: [0, 2*L], t: [0, 1]}
constants: {L: pi, k: 2*L}
unknowns: [u, v]
equations:
  - u_t = laplacian(u) + k
  - v_xt = 0
conditions:
  - {where: t = 0, that: u = x}
  - {where: t = 0, that: v_t = 0}
  - {where: [x = -L, x=L], that: u_n + u = 0}
  - {where: boundary, that: v = 0}
  - {where: 'x = L, y = 0', that: v = 1}
  - {where: 'x = 0, y = 1, t = 1', that: v = 1}
  - {periodic: y}
"""


def plate():
    return problem(parse_spec(PLATE, "plate.yaml", Path()))


def exact_value(stated, expression, points, normal=()):
    """The value of a residual in which every partial is that of the exact formula."""
    formulas = {}
    for name, wanted in partials(stated, expression).items():
        formula = stated.exact.formulas[stated.unknowns[wanted.unknown]]
        for coordinate, order in zip(stated.coordinates, wanted.orders, strict=True):
            for _ in range(order):
                formula = differentiate(formula, coordinate)
        formulas[name] = formula
    named = dict(zip(stated.coordinates, points.T, strict=True))
    return evaluate(
        substitute(expression, formulas), {**stated.constants, **named, **dict(normal)}, np
    )


def points_in(box, face=None):
    drawn = np.random.default_rng(0).uniform(box.lower, box.upper, (200, box.dimension))
    for axis, value in () if face is None else face.fixed:
        drawn[:, axis] = value
    return drawn


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_the_exact_solution_leaves_no_residual(path):
    stated = problem(read_spec(path))
    inside = points_in(stated.box)
    inside = inside[stated.domain.contains(inside)]
    for equation in stated.equations:
        # The largest terms are some 1e4 (16 waves, two derivatives): rounding leaves 1e-11 of it.
        assert np.abs(exact_value(stated, equation.residual, inside)).max() < 1e-10
    for condition in stated.conditions:
        for face in condition.faces:
            residual = residual_on(stated, condition, face)
            points = points_in(stated.box, face)
            if stated.region is not None:
                points = stated.domain.sample(face, 200)
            normal = stated.domain.normal_columns(face, points)
            left = exact_value(stated, residual, points, normal)
            assert np.abs(left).max() < 1e-12


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_the_exact_solution_repeats_itself_where_it_says_so(path):
    stated = problem(read_spec(path))
    for periodic in stated.periodic:
        first, last = points_in(stated.box), points_in(stated.box)
        first[:, periodic.axis] = stated.box.lower[periodic.axis]
        last[:, periodic.axis] = stated.box.upper[periodic.axis]
        assert np.abs(stated.exact.values(first) - stated.exact.values(last)).max() < 1e-12


def test_bounds_and_constants_are_formulas_of_the_constants_before():
    stated = plate()
    assert stated.constants == {"L": np.pi, "k": 2 * np.pi}
    assert stated.box.lower == (-np.pi, 0, 0)
    assert stated.box.upper == (np.pi, 2 * np.pi, 1)


def test_labels_are_the_words_of_the_file():
    stated = plate()
    assert [equation.label for equation in stated.equations] == ["equation 1", "equation 2"]
    assert [condition.label for condition in stated.conditions] == [
        "t = 0: u = x",
        "t = 0: v_t = 0",
        "x = -L and x = L",
        "boundary",
        "x = L, y = 0",
        "x = 0, y = 1, t = 1",
    ]
    assert stated.periodic[0].label == "periodic y"


def test_places_are_the_faces_edges_and_points_that_they_name():
    stated = plate()
    faces = [condition.faces for condition in stated.conditions]
    assert faces[0] == (Face(((2, 0.0),)),)
    assert faces[2] == (Face(((0, -np.pi),)), Face(((0, np.pi),)))
    assert faces[3] == stated.box.boundary()
    assert faces[4] == (Face(((0, np.pi), (1, 0.0))),)
    assert faces[5] == (Face(((0, 0.0), (1, 1.0), (2, 1.0))),)


def test_a_bound_that_differs_by_rounding_is_the_bound():
    written = PLATE.replace("[x = -L, x=L]", "[x = -k/2, 'x = 3.14159265358979323846']")
    stated = problem(parse_spec(written, "plate.yaml", Path()))
    bounds = stated.box.lower[0], stated.box.upper[0]
    assert [face.fixed[0][1] for face in stated.conditions[2].faces] == list(bounds)


def test_periodic_conditions_match_derivatives_below_the_order_of_each_unknown():
    assert plate().periodic[0].orders == (2, 0)


def test_residuals_are_left_minus_right_in_canonical_partials():
    stated = plate()
    assert text(stated.equations[0].residual) == "u_t - (u_xx + u_yy + k)"
    assert text(stated.conditions[2].residual) == "u_n + u"


def test_exact_solutions_come_in_the_order_of_the_unknowns():
    stated = problem(parse_spec(PLATE + "exact: {v: 2*x, u: x}", "plate.yaml", Path()))
    assert stated.exact.unknowns == ("u", "v")
    assert stated.exact.values(np.array([[1.0, 0.0, 0.0]])).tolist() == [[1.0, 2.0]]


def test_a_system_may_hold_an_equation_without_derivatives_of_its_own():
    text_ = PLATE.replace("v_xt = 0", "v = u^2")
    assert len(problem(parse_spec(text_, "plate.yaml", Path())).equations) == 2


def test_a_constant_at_fault_makes_no_faults_elsewhere():
    with pytest.raises(ValueError, match=r"constants\.L") as caught:
        parse_spec(PLATE.replace("L: pi", "L: pii"), "plate.yaml", Path())
    assert len(caught.value.faults) == 1


CURVE = """
domain: {x: [-1, 1]}
unknowns: [u]
equations: [u = exp(x)]
conditions: []
exact: {u: exp(x)}
"""


def test_a_function_to_approximate_needs_no_conditions_if_the_file_says_so():
    stated = problem(parse_spec(CURVE, "curve.yaml", Path()))
    assert stated.conditions == stated.periodic == ()
    assert text(stated.equations[0].residual) == "u - exp(x)"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("u = exp", "u_x = exp", "conditions: there is none"),
        ("conditions: []", "", "conditions: missing"),
        ("[u]", "[u, v]", "the unknown 'v' stands in no equation"),
        ("u = exp(x)]", "u = exp(x), 0 = x]", "'0 = x' holds no derivative"),
        ("[]", "[{where: x = 0, that: u = 1}]", "'u = exp(x)' holds no derivative"),
    ],
)
def test_all_else_needs_conditions_and_derivatives(old, new, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        parse_spec(CURVE.replace(old, new, 1), "curve.yaml", Path())
