"""How every figure of pikan looks, whatever the caller's settings of matplotlib are."""

import math
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib import rc_context, rc_params_from_file, rcParams, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.style import use
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from pikan.plots.labels import Label, name_label

# Distinct under every common color blindness.
# Source: Okabe & Ito 2008, Color Universal Design; the yellow is left out, too pale for a line.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
INK = "#222222"
PALE = "#B8C4CC"
SHADE = "#F1F4F6"

_LOOK = Path(__file__).with_name("pikan.mplstyle")
# Where there is little room letters are smaller: a column of a journal, and less.
_NARROW = 4.0
_SMALL = {
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.labelsize": 8.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 7.0,
    "lines.linewidth": 1.1,
}

# The widths that journals have [inch], by name.
WIDTHS = {"column": 3.4, "page": 7.0}
# Values that are so many times those of nearly all others leave a logarithmic scale.
_FAR = 1e4

Paper = float | str
Style = str | Path | Mapping[str, object]


def inches(width: Paper) -> float:
    """A width in inches: as given, or that of a column or a page; ValueError for another word."""
    if isinstance(width, str):
        if width not in WIDTHS:
            raise ValueError(f"width: got '{width}', needs 'column', 'page' or a number of inches")
        return WIDTHS[width]
    if not 0.5 <= width <= 100:
        raise ValueError(f"width: got {width}, needs from 0.5 to 100 inches")
    return float(width)


@contextmanager
def figure_style(style: Style | None = None, width: float | None = None) -> Generator[None]:
    """Inside, matplotlib has pikan's settings; afterwards it has the caller's again.

    `style` is one that matplotlib knows by name, a file or settings, and comes on top. `width` is
    that of the figure [inch].
    """
    settings = {name: rcParamsDefault[name] for name in rcParamsDefault if "backend" not in name}
    small = _SMALL if width is not None and width < _NARROW else {}
    # matplotlib has a type for the names of its settings only from 3.10 on.
    look = {**settings, **rc_params_from_file(_LOOK, use_default_template=False)}
    with rc_context(look):  # pyright: ignore[reportArgumentType]
        rcParams.update(small)  # pyright: ignore[reportArgumentType, reportCallIssue]
        if style is not None:
            use(style)  # pyright: ignore[reportArgumentType]
        yield


def short(value: float) -> str:
    """A number as few characters say it.

    >>> short(1e-3), short(-0.5), short(0.0), short(2.5e-7), short(100.0)
    ('1e-3', '-0.5', '0', '2.5e-7', '100')
    """
    if value != 0 and not 1e-2 <= abs(value) < 1e4:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    return f"{value:.4g}"


def signed_number(value: float) -> str:
    """The same with the minus sign that axes have.

    >>> signed_number(-0.5), signed_number(-1e-3)
    ('−0.5', '−1e-3')
    """
    return short(value).replace("-", "−", 1) if value < 0 else short(value)


def magnitudes(axis: Axis) -> None:
    """Put plain labels such as 1e-3 on a logarithmic axis, a handful of them."""
    low, high = axis.get_view_interval()
    between = (1.0,) if high > 80 * low else (1.0, 2.0, 5.0)
    axis.set_major_locator(LogLocator(subs=between, numticks=6))
    axis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def few_ticks(axes: Axes, across: int = 5) -> None:
    """Put at most five round numbers on each axis, or fewer `across` where it is narrow."""
    axes.xaxis.set_major_locator(MaxNLocator(across, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))


def open_frame(axes: Axes) -> None:
    """Leave only the left and the lower edge of the frame."""
    axes.spines[["top", "right"]].set_visible(False)


def decades(*parts: Float[np.ndarray, "*_"]) -> tuple[float, float] | None:
    """The range of a logarithmic scale for absolute values; None where all are zero or not finite.

    At most six decades, at least one; the few smallest values, where a sign changes, fall off, and
    the few largest that are far above all others, as beside a corner or a jump.
    """
    values = np.abs(np.concatenate([part.ravel() for part in parts]))
    values = values[np.isfinite(values) & (values > 0)]
    if values.size == 0:
        return None
    top, most = float(values.max()), float(np.percentile(values, 99))
    top = 10 * most if top > _FAR * most else top
    bottom = max(float(np.percentile(values, 2)), top * 1e-6)
    return 10.0 ** math.floor(math.log10(min(bottom, top / 10))), top


def place_text(fixed: Sequence[tuple[str, float]], label: Label = name_label) -> str:
    """Where a section lies; empty for a whole line or plane.

    >>> place_text([("t", 0.25), ("z", 1000.0)])
    '$t$ = 0.25, $z$ = 1000'
    """
    if len(fixed) > 3:
        time = [f"$t$ = {short(value)}" for name, value in fixed if name == "t"]
        return ", ".join([*time, "the others near the middle"])
    said = list[str]()
    for name, value in fixed:
        symbol, _, unit = label(name).partition(" [")
        said.append(f"{symbol} = {short(value)} {unit.removesuffix(']')}".rstrip())
    # Two stand side by side above a panel of three in a page.
    return "\n".join(", ".join(said[i : i + 2]) for i in range(0, len(said), 2))


def remark(axes: Axes, values: Float[np.ndarray, "*_"]) -> None:
    """Say in words why there is nothing to draw."""
    axes.set_yticks([])
    text = "zero everywhere" if np.isfinite(values).any() else "not finite"
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center")
