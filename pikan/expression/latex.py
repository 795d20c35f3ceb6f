"""Formulas as LaTeX, in the part of it that matplotlib's mathtext reads."""

import re

from pikan.expression.tree import (
    BINDING,
    MINUS_BINDING,
    Call,
    Expression,
    Name,
    Negative,
    Number,
    Operation,
    binding,
    number_text,
)

_LETTERS = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi"),
    *("omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi"),
    "Omega",
)
# `lambda` is no name of a formula in Python's grammar, so that people shorten it.
_GREEK = {**{name: name for name in _LETTERS}, "lam": "lambda", "eps": "epsilon"}
_FUNCTIONS = {
    **{name: rf"\{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log")},
    **{name: rf"\arc{name[1:]}" for name in ("asin", "acos", "atan")},
    "minimum": r"\min",
    "maximum": r"\max",
    "bessel_j0": "J_{0}",
    "bessel_j1": "J_{1}",
    "laplacian": r"\Delta",
    "div": r"\nabla \cdot",
    "grad": r"\nabla",
}
_PARTS = re.compile(r"([A-Za-z]+)([0-9]*)")
# Fractions inside of fractions and exponents become too small to read.
_DEEPEST_FRACTION = 1


def latex(expression: Expression) -> str:
    r"""The formula as LaTeX.

    >>> from pikan.expression.parse import parse
    >>> print(latex(parse("0.01/pi*u_xx - theta**2*sin(pi*x)/2")))
    \frac{0.01}{\pi}\,u_{xx} - \frac{\theta^{2}\,\sin\left(\pi\,x\right)}{2}
    """
    return _latex(expression, 0)


def name_latex(name: str) -> str:
    r"""A name as LaTeX: Greek letters, subscripts, words upright.

    >>> name_latex("theta"), name_latex("u_1"), name_latex("u_xx"), name_latex("x10")
    ('\\theta', 'u_{1}', 'u_{xx}', 'x_{10}')
    >>> name_latex("prey_t"), name_latex("u_theta")
    ('\\mathrm{prey}_{t}', 'u_{\\theta}')
    """
    stem, _, subscript = name.partition("_")
    found = _PARTS.fullmatch(stem)
    letters, digits = found.groups() if found else (stem, "")
    # Letters side by side are derivatives.
    lower = re.sub(r"([A-Za-z])([0-9]+)", r"\1_{\2}", subscript.replace("_", r"\_"))
    below = digits + (rf"\{_GREEK[subscript]}" if subscript in _GREEK else lower)
    return _word(letters) + (f"_{{{below}}}" if below else "")


def _word(letters: str) -> str:
    if letters in _GREEK:
        return rf"\{_GREEK[letters]}"
    return letters if len(letters) == 1 else rf"\mathrm{{{letters}}}"


def _latex(expression: Expression, depth: int) -> str:
    match expression:
        case Number(value):
            mantissa, _, exponent = number_text(value).partition("e")
            if not exponent:
                return mantissa
            power = f"10^{{{int(exponent)}}}"
            return power if mantissa == "1" else rf"{mantissa} \times {power}"
        case Name(name):
            return name_latex(name)
        case Negative(operand):
            return f"-{_within(operand, MINUS_BINDING, depth)}"
        case Operation():
            return _operation(expression, depth)
        case Call("sqrt", (argument,)):
            return rf"\sqrt{{{_latex(argument, depth)}}}"
        case Call("abs", (argument,)):
            return rf"\left|{_latex(argument, depth)}\right|"
        case Call("laplacian", (Name(name),)):
            return rf"\Delta {name_latex(name)}"
        case Call(function, arguments):
            inside = ", ".join(_latex(each, depth) for each in arguments)
            return rf"{_FUNCTIONS.get(function) or _word(function)}\left({inside}\right)"


def _operation(expression: Operation, depth: int) -> str:
    operator, left, right = expression.operator, expression.left, expression.right
    if operator == "/" and depth < _DEEPEST_FRACTION:
        below = _latex(right, depth + 1)
        if isinstance(left, Negative):
            return rf"-\frac{{{_latex(left.operand, depth + 1)}}}{{{below}}}"
        return rf"\frac{{{_latex(left, depth + 1)}}}{{{below}}}"
    if operator == "**":
        return f"{_within(left, BINDING['**'] + 1, depth)}^{{{_latex(right, depth + 1)}}}"
    first = _within(left, BINDING[operator], depth)
    second = _within(right, BINDING[operator] + (operator in "-/"), depth)
    if operator == "*":
        return rf"{first} \cdot {second}" if second[0].isdigit() else rf"{first}\,{second}"
    return f"{first}/{second}" if operator == "/" else f"{first} {operator} {second}"


def _within(expression: Expression, least: int, depth: int) -> str:
    """The formula, in parentheses where it binds less than `least` asks for."""
    fraction = isinstance(expression, Operation) and expression.operator == "/"
    if fraction and depth < _DEEPEST_FRACTION and least <= BINDING["*"]:
        return _latex(expression, depth)
    inside = _latex(expression, depth)
    return inside if binding(expression) >= least else rf"\left({inside}\right)"
