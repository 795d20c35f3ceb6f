"""What a symbolic model says of itself."""

import sympy

from pikan.network.symbolic_edges import SymbolicEdge
from pikan.symbolic.snap import Edge
from pikan.symbolic.symbolic_formula import SymbolicFormula

X = sympy.Symbol("x")
FOUND = SymbolicFormula(
    (sympy.sin(X) ** 2, X / 2),
    (X,),
    (1e-3, 2.5e-16),
    "labels",
    ((Edge(0, 0, 1), SymbolicEdge(0, 1, "x", (1.0, 0.0, 0.5, 0.0), 1.0)),),
)


def test_a_formula_unpacks_into_expressions_and_variables():
    expressions, variables = FOUND
    assert (expressions, variables) == (FOUND[0], FOUND[1])
    assert (FOUND[0][1], FOUND[1]) == (X / 2, (X,))


def test_a_formula_is_shown_with_its_errors_and_its_edges():
    assert repr(FOUND).splitlines() == [
        "sin(x)**2   (relative L2 error 1.0e-03 against labels)",
        "x/2   (relative L2 error 2.5e-16 against labels)",
        "  edge (0, 0, 1): x, R2 1.000000000",
    ]


def test_a_notebook_shows_a_formula_for_each_output():
    assert FOUND._repr_latex_() == r"$$\sin^{2}{\left(x \right)} \\ \frac{x}{2}$$"
