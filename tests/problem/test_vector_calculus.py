"""Divergences and Laplacians are what they are when every derivative is written by hand."""

from types import SimpleNamespace

import pytest
import sympy

import pikan
from pikan.expression.parse import parse
from pikan.expression.tree import text
from pikan.problem.vector_calculus import canonical
from pikan.spec.faults import SpecError
from tests.stated import spec

SQUARE = SimpleNamespace(coordinates=("x", "y", "t"), unknowns=("u", "v"))

# Its derivative has as many parts as it has factors squared.
LONG = "*".join(
    f"({'*'.join(f'sin({k}*x)' for k in range(j, j + 12))})" for j in range(10, 190, 12)
)


def written(formula):
    return text(canonical(SQUARE, parse(formula)))


def test_partials_get_their_canonical_name():
    assert written("u_tx + v_yxyt") == "u_xt + v_xyyt"


def test_the_laplacian_is_taken_in_space_only():
    assert written("laplacian(u)") == "u_xx + u_yy"
    assert written("sin(laplacian(v_t))") == "sin(v_xxt + v_yyt)"


@pytest.mark.parametrize(
    "flux",
    [
        "grad(u)",
        "x*y*grad(u)",
        "-grad(u)*v/(1 + x^2)",
        "u^2*grad(u) - grad(u*v)",
        "exp(v_x)*grad(y)",
    ],
)
def test_a_divergence_is_that_of_a_computer_algebra(flux):
    x, y, t = sympy.symbols("x y t")
    u, v = (sympy.Function(name)(x, y, t) for name in "uv")
    known = {"u": u, "v": v, "x": x, "y": y, "v_x": v.diff(x), "exp": sympy.exp}

    def by_sympy(axis):
        gradient = {**known, "grad": lambda one: sympy.diff(one, axis)}
        return sympy.diff(sympy.sympify(flux.replace("^", "**"), locals=gradient), axis)

    names = {
        f"{name}_{subscript}": function.diff(*subscript)
        for name, function in (("u", u), ("v", v))
        for subscript in ("x", "y", "xx", "xy", "yy", "xxx", "xyy")
    }
    symbols = {name: sympy.Symbol(name) for name in names}
    ours = sympy.sympify(written(f"div({flux})"), locals={**known, **symbols})
    ours = ours.subs({symbols[name]: names[name] for name in names})
    assert sympy.simplify(ours - by_sympy(x) - by_sympy(y)) == 0


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("div(u)", "takes a vector"),
        ("div(grad(u)*grad(v))", "takes a vector"),
        ("div(sin(grad(u)))", "inside div"),
        ("u + grad(u)", "inside div"),
        ("div(step(x)*grad(u))", "jumps inside div"),
        ("laplacian(x)", "needs an unknown"),
        (f"div(grad({LONG}*u))", "too long"),
    ],
)
def test_what_has_no_meaning_is_refused_with_its_reason(formula, reason):
    with pytest.raises(ValueError, match=reason):
        written(formula)


def test_a_file_with_a_divergence_is_solved():
    solution = pikan.solve(
        spec("""
domain: {x: [0, 1], y: [0, 2]}
unknowns: [u]
equations: [div((1 + x^2*y)*grad(u)) = 2*x*y*exp(x + y) + x^2*exp(x + y) + 2*(1 + x^2*y)*exp(x + y)]
conditions: [{where: boundary, that: u = exp(x + y)}]
exact: {u: exp(x + y)}
""")
    )
    assert solution.errors["u"].relative_l2 < 1e-12


def test_operators_stand_in_no_formula_of_coordinates_alone():
    with pytest.raises(SpecError, match=r"laplacian\(\.\.\.\), which is of unknowns"):
        spec("""
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_xx = 1]
conditions: [{where: boundary, that: u = 0}]
exact: {u: laplacian(x)}
""")
