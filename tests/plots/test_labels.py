"""Names are typeset, and what is no mathematics stays text."""

import pytest
from matplotlib.mathtext import MathTextParser

from pikan.expression.latex import latex
from pikan.expression.parse import parse
from pikan.plots.labels import block_label, formula_label, name_label, text_label


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x + 2*y", r"x + 2\,y"),
        ("(x + y)*(x - y)", r"\left(x + y\right)\,\left(x - y\right)"),
        ("x - (y - z)", r"x - \left(y - z\right)"),
        ("2*3", r"2 \cdot 3"),
        ("(x/y)**2", r"\left(\frac{x}{y}\right)^{2}"),
        ("-(x + 1)/y", r"-\frac{x + 1}{y}"),
        ("(-x)**2", r"\left(-x\right)^{2}"),
        ("1e-7*x", r"10^{-7}\,x"),
        ("2.5e-7*x", r"2.5 \times 10^{-7}\,x"),
        ("1/(1 + 1/x)", r"\frac{1}{1 + 1/x}"),
        ("exp(-x**2)", r"\exp\left(-x^{2}\right)"),
        ("laplacian(u)", r"\Delta u"),
    ],
)
def test_a_formula_is_typeset(text, shown):
    assert latex(parse(text)) == shown


@pytest.mark.parametrize("text", ["x/(y/(z/w))", "abs(x)*sqrt(theta_1)", "bessel_j0(x)**(1/2)"])
def test_mathtext_reads_what_is_typeset(text):
    MathTextParser("path").parse(f"${latex(parse(text))}$")


def test_letters_of_greece_are_letters():
    assert [name_label(name) for name in ("theta", "lam", "u_theta", "psi_1")] == [
        r"$\theta$",
        r"$\lambda$",
        r"$u_{\theta}$",
        r"$\psi_{1}$",
    ]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("cost in $ per $", r"cost in \$ per \$"),
        ("5$ and 6$", r"5\$ and 6\$"),
        (r"$\alpha$ for $5", r"$\alpha$ for \$5"),
        (r"$\nonsense$", r"\$\nonsense\$"),
    ],
)
def test_dollars_are_mathematics_only_around_mathematics(given, shown):
    assert text_label(given) == shown


def test_labels_of_the_report_are_typeset_where_they_are_formulas():
    assert block_label("x = -1, y = 0") == "$x = -1$, $y = 0$"
    assert block_label("boundary") == "boundary"
    assert formula_label("no formula (") == "no formula ("
