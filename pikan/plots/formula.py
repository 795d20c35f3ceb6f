"""Formulas as pictures of their own, for pages that know no LaTeX."""

from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser

from pikan.expression.latex import latex
from pikan.expression.tree import Expression, Operation
from pikan.plots.picture import Picture
from pikan.plots.style import figure_style

# The size of letters [pt].
_SIZE = 12.0


def equation_latex(residual: Expression) -> str:
    """The equation `residual = 0`, its terms on the sides on which they were written."""
    if isinstance(residual, Operation) and residual.operator == "-":
        return f"{latex(residual.left)} = {latex(residual.right)}"
    return f"{latex(residual)} = 0"


def formula_svg(formula: str) -> str:
    """A formula in LaTeX as the text of an SVG that is as large as it."""
    with figure_style():
        figure = Picture(figsize=(0.1, 0.1))
        figure.text(0.0, 0.0, f"${formula}$", fontsize=_SIZE)
        return figure.tight_svg()


def formula_depth(formula: str) -> float:
    """How far the picture of a formula reaches below the line that it stands on [pt]."""
    with figure_style():
        parser, letters = MathTextParser("path"), FontProperties(size=_SIZE)
        # Text is no less deep than letters with descenders are.
        made = [parser.parse(f"${one}$", prop=letters) for one in (formula, r"\mathrm{lp}")]
        return float(max(one.depth for one in made))
