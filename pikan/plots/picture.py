"""A figure of matplotlib that saves itself in any of its formats and shows itself in a notebook."""

from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import final
from warnings import catch_warnings, filterwarnings

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pikan.files.atomic import write_bytes
from pikan.plots.labels import text_label
from pikan.plots.style import figure_style

# What journals and notebooks take; the others that matplotlib knows are variants of these.
FORMATS = ("pdf", "svg", "png", "eps", "jpg", "tif", "webp")
# None of the time at which a file was written: the same figure is the same file.
_TIMELESS = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
_SCREEN = 150.0
# As many letters of a title go into an inch.
_LETTERS = 9.0


@final
class Picture(Figure):
    """A figure of matplotlib: change what is in it as in any other, then `save` it.

    It is a subclass since a plain figure, which pyplot does not know of, does not show itself in a
    notebook.
    """

    def save(self, path: str | Path, *, dpi: float = 300.0) -> Path:
        """Write the figure to a file in the format of its suffix; what comes back is the path.

        `dpi` are the dots of an inch where the format has dots. ValueError for another suffix.
        """
        file = Path(path)
        suffix = file.suffix.removeprefix(".").lower()
        if suffix not in FORMATS:
            known = ", ".join(f".{name}" for name in FORMATS)
            raise ValueError(f"{file}: got the suffix '{file.suffix}', needs one of {known}")
        write_bytes(file, self._content(suffix, dpi))
        return file

    @property
    def png(self) -> bytes:
        """The content of a PNG file."""
        return self._content("png", _SCREEN)

    @property
    def svg(self) -> str:
        """The text of an SVG file."""
        return self._content("svg", _SCREEN).decode()

    def tight_svg(self) -> str:
        """The text of an SVG that ends where what is drawn ends."""
        return self._content("svg", _SCREEN, tight=True).decode()

    def _content(self, suffix: str, dpi: float, tight: bool = False) -> bytes:
        content = BytesIO()
        box = "tight" if tight else None
        with figure_style(), catch_warnings():
            # A character that the font does not have becomes a box; a title may be in any script.
            filterwarnings("ignore", r"Glyph \d+ .* missing from font")
            self.savefig(
                content,
                format=suffix,
                dpi=dpi,
                metadata=_TIMELESS.get(suffix),
                bbox_inches=box,
                pad_inches=0.0,
            )
        return content.getvalue()

    def _repr_png_(self) -> bytes:
        if self.canvas.manager is not None:
            # A notebook would otherwise show it a second time, as a figure that is still open.
            from matplotlib import pyplot as plt

            plt.close(self)
        return self.png

    def _ipython_display_(self) -> None:
        # Notebooks that use pyplot have a way of their own to show figures, which goes before
        # `_repr_png_` and would leave it open.
        from IPython.display import Image, display

        display(Image(self._repr_png_()))


def canvas(width: float, height: float, title: str) -> Picture:
    """An empty figure of a size [inch], which no global state of matplotlib knows of."""
    figure = Picture(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    if title:
        # Lines are broken at spaces, which mathematics may hold.
        lines = title if "$" in title else fill(title, max(int(_LETTERS * width), 1))
        figure.suptitle(text_label(lines), x=0.01, ha="left")
    return figure


def with_ticks(figure: Picture) -> Picture:
    """The same figure once its ticks are made: later they would have the caller's style."""
    with figure_style(), catch_warnings():
        filterwarnings("ignore", r"Glyph \d+ .* missing from font")
        figure.draw_without_rendering()
    return figure
