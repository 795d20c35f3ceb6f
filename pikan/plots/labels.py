"""Words for figures: names and formulas typeset, all other text as it is."""

import re
from collections.abc import Callable

from matplotlib.mathtext import MathTextParser

from pikan.expression.latex import latex, name_latex
from pikan.expression.parse import read_equation, read_formula
from pikan.problem.statement import Problem

Label = Callable[[str], str]
"""The words of a figure for the name of a coordinate, an unknown or a derivative."""

# What a person means as mathematics: no space inside the dollars, no digit behind them.
# Source: Pandoc User's Guide, extension tex_math_dollars.
_MATH = re.compile(r"(?<!\\)\$(?=\S)(?:\\.|[^$\\])*?(?<=\S)(?<!\\)\$(?!\d)")
# So many characters of a formula fit into a legend.
_LONGEST = 24
_EQUATION = re.compile(r"[^:]*[^:=<>]=[^=][^:]*")


def name_label(name: str) -> str:
    r"""A coordinate, an unknown or a derivative, typeset.

    >>> name_label("theta"), name_label("u_xx")
    ('$\\theta$', '$u_{xx}$')
    """
    return f"${name_latex(name)}$"


def labels_of(problem: Problem) -> Label:
    """The label of each name of a problem: as the file says or typeset, with its unit."""

    def label(name: str) -> str:
        given, unit = problem.labels.get(name), problem.units.get(name)
        shown = name_label(name) if given is None else text_label(given)
        return f"{shown} [{text_label(unit)}]" if unit else shown

    return label


def text_label(text: str) -> str:
    r"""Any text; what stands between dollars is mathematics only where it can be.

    >>> text_label("cost in $ per $"), text_label("slope of $x^2$"), text_label("a $ b")
    ('cost in \\$ per \\$', 'slope of $x^2$', 'a \\$ b')
    """
    parts, last = list[str](), 0
    for found in _MATH.finditer(text):
        if _is_math(found.group()):
            parts += [_escape(text[last : found.start()]), found.group()]
            last = found.end()
    return "".join([*parts, _escape(text[last:])])


def block_label(label: str) -> str:
    """The label of an equation or a condition, with the formulas in it typeset.

    >>> block_label("equation 1"), block_label("t = 0: u_t = 0"), block_label("periodic x")
    ('equation 1', '$t = 0$: $u_{t} = 0$', 'periodic $x$')
    """
    word, _, name = label.partition(" ")
    if word == "periodic" and name.isidentifier():
        return f"{word} {name_label(name)}"
    return ": ".join(_part(part) for part in label.split(": "))


def short_label(label: str) -> str:
    """A label whose formula is too long for a legend, without its right side.

    >>> short_label("x = 0: u = 1 - exp(lam*x)*cos(2*pi*y)"), short_label("t = 0: u_t = 0")
    ('x = 0: u', 't = 0: u_t = 0')
    """
    place, colon, formula = label.partition(": ")
    if len(formula) <= _LONGEST:
        return label
    return f"{place}{colon}{formula.partition(' = ')[0][:_LONGEST]}"


def formula_label(text: str) -> str:
    """A formula or an equation, typeset; text that is neither stays text."""
    reading = read_equation(text) if _EQUATION.fullmatch(text) else read_formula(text)
    if reading.faults:
        return text_label(text)
    return f"${' = '.join(latex(side) for side in reading.sides)}$"


def _part(text: str) -> str:
    """A place such as `x = 0, y = 1`, or an equation."""
    if "=" not in text:
        return text_label(text)
    return ", ".join(formula_label(each) for each in text.split(", "))


def _escape(text: str) -> str:
    return re.sub(r"(?<!\\)\$", r"\\$", text)


def _is_math(text: str) -> bool:
    try:
        MathTextParser("path").parse(text)
    except ValueError:
        return False
    return True
