"""How every figure of pikan looks, whatever the caller's settings of matplotlib are."""

import math
from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO
from warnings import catch_warnings, filterwarnings

import numpy as np
from jaxtyping import Float
from matplotlib import rc_context, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from pikan.problem.statement import Problem

# Distinct under every common color blindness.
# Source: Okabe & Ito 2008, Color Universal Design; the yellow is left out, too pale for a line.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
INK = "#222222"
PALE = "#B8C4CC"
SHADE = "#F1F4F6"

_LOOK = {
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "axes.linewidth": 0.6,
    "axes.edgecolor": "#666666",
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": "#666666",
    "ytick.color": "#666666",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "figure.dpi": 150.0,
    "savefig.dpi": 150.0,
    "figure.titlesize": 11.0,
    "figure.titleweight": "bold",
}


@contextmanager
def figure_style() -> Generator[None]:
    """Inside, matplotlib has pikan's settings; afterwards it has the caller's again."""
    settings = {name: rcParamsDefault[name] for name in rcParamsDefault if "backend" not in name}
    # matplotlib has a type for the names of its settings only from 3.10 on.
    with rc_context({**settings, **_LOOK}):  # pyright: ignore[reportArgumentType]
        yield


def canvas(width: float, height: float, title: str) -> Figure:
    """An empty figure of a size [inch], which no global state of matplotlib knows of."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, x=0.01, ha="left", parse_math=_is_math(title))
    return figure


def _is_math(title: str) -> bool:
    """Whether a title can be typeset; one that cannot, such as a name with dollars, is shown."""
    try:
        MathTextParser("path").parse(title)
    except ValueError:
        return False
    return True


def png(figure: Figure) -> bytes:
    """The picture as the content of a PNG file."""
    content = BytesIO()
    with figure_style(), catch_warnings():
        # A character that the font does not have becomes a box; a title may be in any script.
        filterwarnings("ignore", r"Glyph \d+ .* missing from font")
        figure.savefig(content, format="png")
    return content.getvalue()


def short(value: float) -> str:
    """A number as few characters say it.

    >>> short(1e-3), short(-0.5), short(0.0), short(2.5e-7), short(100.0)
    ('1e-3', '-0.5', '0', '2.5e-7', '100')
    """
    if value != 0 and not 1e-2 <= abs(value) < 1e4:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    return f"{value:.3g}"


def magnitudes(axis: Axis) -> None:
    """Put plain labels such as 1e-3 on a logarithmic axis, a handful of them."""
    low, high = axis.get_view_interval()
    between = (1.0,) if high > 80 * low else (1.0, 2.0, 5.0)
    axis.set_major_locator(LogLocator(subs=between, numticks=6))
    axis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def few_ticks(axes: Axes) -> None:
    """Put at most five round numbers on each axis."""
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))


def open_frame(axes: Axes) -> None:
    """Leave only the left and the lower edge of the frame."""
    axes.spines[["top", "right"]].set_visible(False)


def decades(*parts: Float[np.ndarray, "*_"]) -> tuple[float, float] | None:
    """The range of a logarithmic scale for absolute values; None where all are zero or not finite.

    At most six decades, at least one; the few smallest values, where a sign changes, fall off.
    """
    values = np.abs(np.concatenate([part.ravel() for part in parts]))
    values = values[np.isfinite(values) & (values > 0)]
    if values.size == 0:
        return None
    top = float(values.max())
    bottom = max(float(np.percentile(values, 2)), top * 1e-6)
    return 10.0 ** math.floor(math.log10(min(bottom, top / 10))), top


def residual_title(problem: Problem, index: int) -> str:
    """What to call the residual of an equation: `residual`, and which where there are several."""
    label = problem.equations[index].label
    return "residual" if len(problem.equations) == 1 else f"residual of {label}"


def remark(axes: Axes, values: Float[np.ndarray, "*_"]) -> None:
    """Say in words why there is nothing to draw."""
    axes.set_xticks([])
    axes.set_yticks([])
    text = "zero everywhere" if np.isfinite(values).any() else "not finite"
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center")
