"""Formulas as pictures of their own, for pages that know no LaTeX."""

from pikan.expression.latex import latex
from pikan.expression.tree import Expression, Operation
from pikan.plots.picture import Picture
from pikan.plots.style import figure_style


def equation_latex(residual: Expression) -> str:
    """The equation `residual = 0`, its terms on the sides on which they were written."""
    if isinstance(residual, Operation) and residual.operator == "-":
        return f"{latex(residual.left)} = {latex(residual.right)}"
    return f"{latex(residual)} = 0"


def formula_svg(formula: str) -> str:
    """A formula in LaTeX as the text of an SVG that is as large as it."""
    with figure_style():
        figure = Picture(figsize=(0.1, 0.1))
        figure.text(0.0, 0.0, f"${formula}$", fontsize=12.0)
        return figure.tight_svg()
