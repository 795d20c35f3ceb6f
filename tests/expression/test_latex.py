import warnings

import pytest
from hypothesis import given, settings

from pikan.expression.latex import latex
from pikan.expression.parse import parse
from tests.expression.formulas import trees


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("u_xxt", "u_{xxt}"),
        ("nu*u_xx", r"\nu\,u_{xx}"),
        ("x1", "x_{1}"),
        ("u_x1x10", "u_{x_{1}x_{10}}"),
        ("Re", r"\mathrm{Re}"),
        ("2*3", r"2 \cdot 3"),
        ("1e-5*x", r"10^{-5}\,x"),
        ("2.5e20", r"2.5 \cdot 10^{20}"),
        ("(x + 1)*(x - 1)", r"\left(x + 1\right)\,\left(x - 1\right)"),
        ("x - (t - 1)", r"x - \left(t - 1\right)"),
        ("x + (t - 1)", r"x + \left(t - 1\right)"),
        ("(x + t) - 1", "x + t - 1"),
        ("x - t*u", r"x - t\,u"),
        ("x - -t", r"x - \left(-t\right)"),
        ("x*(t*u)", r"x\,\left(t\,u\right)"),
        ("(x*t)*u", r"x\,t\,u"),
        ("x*(t/u)", r"x\,\frac{t}{u}"),
        ("x*t^2", r"x\,t^{2}"),
        ("(x*t)^2", r"\left(x\,t\right)^{2}"),
        ("(x^t)^2", r"\left(x^{t}\right)^{2}"),
        ("x^(t + 1)", "x^{t + 1}"),
        ("x*exp(t)", r"x\,e^{t}"),
        ("x*2.5e20", r"x\,\left(2.5 \cdot 10^{20}\right)"),
        ("2e20^x", r"\left(2 \cdot 10^{20}\right)^{x}"),
        ("laplacian(u)^2", r"\left(\Delta u\right)^{2}"),
        ("-2*x", r"\left(-2\right)\,x"),
        ("-x*t", r"\left(-x\right)\,t"),
        ("-(x*t)", r"-x\,t"),
        ("-(x + t)", r"-\left(x + t\right)"),
        ("(-2)^2", r"\left(-2\right)^{2}"),
        ("(x/2)^2", r"\left(\frac{x}{2}\right)^{2}"),
        ("sin(x)^2", r"\sin^{2}\left(x\right)"),
        ("exp(-x)", "e^{-x}"),
        ("exp(x)^2", r"\left(e^{x}\right)^{2}"),
        ("sqrt(abs(x))", r"\sqrt{\left|x\right|}"),
        ("bessel_j0(20*x)", r"J_0\left(20\,x\right)"),
        ("minimum(x, t)", r"\min\left(x, t\right)"),
        ("laplacian(u)", r"\Delta u"),
        ("pi", r"\pi"),
    ],
)
def test_latex(formula, expected):
    assert latex(parse(formula)) == expected


@given(trees)
@settings(max_examples=settings.default.max_examples // 3)
def test_matplotlib_reads_every_formula(tree):
    with warnings.catch_warnings():
        # Matplotlib's own use of pyparsing.
        warnings.simplefilter("ignore", DeprecationWarning)
        from matplotlib.mathtext import MathTextParser

        MathTextParser("path").parse(f"${latex(tree)}$")
