"""The evolution of a solution as moving pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import final

import numpy as np
from matplotlib import rc_context
from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter
from matplotlib.artist import Artist

from pikan.files.atomic import write_bytes
from pikan.plots.labels import labels_of
from pikan.plots.lines import draw_lines
from pikan.plots.maps import draw_map, scale
from pikan.plots.picture import Picture, canvas
from pikan.plots.quantity import Quantity
from pikan.plots.style import decades, figure_style, place_text
from pikan.problem.statement import Problem
from pikan.report.sections import Section

_DPI = 110


@final
@dataclass(frozen=True, eq=False)
class Animation:
    """Moving pictures: `save` them, or let a notebook show them with a slider."""

    figure: Picture
    show: Callable[[int], list[Artist]]
    frames: int
    rate: int

    def save(self, path: str | Path) -> Path:
        """Write them to a .gif, to an .mp4 (needs ffmpeg) or to an .html with a slider.

        ValueError for another suffix, and where ffmpeg is not installed.
        """
        file = Path(path)
        suffix = file.suffix.lower()
        if suffix not in (".gif", ".mp4", ".html"):
            raise ValueError(f"{file}: got the suffix '{file.suffix}', needs .gif, .mp4 or .html")
        if suffix == ".html":
            write_bytes(file, self._repr_html_().encode())
            return file
        if suffix == ".mp4" and not FFMpegWriter.isAvailable():
            raise ValueError(f"{file}: ffmpeg is not installed; take .gif or .html")
        writer = (FFMpegWriter if suffix == ".mp4" else PillowWriter)(fps=self.rate)
        with TemporaryDirectory() as room, figure_style():
            made = Path(room) / f"frames{suffix}"
            self._moving().save(made, writer=writer, dpi=_DPI)
            write_bytes(file, made.read_bytes())
        return file

    def _moving(self) -> FuncAnimation:
        # Made when it is used: matplotlib warns of one that is not.
        return FuncAnimation(
            self.figure, self.show, frames=self.frames, blit=False, cache_frame_data=False
        )

    def _repr_html_(self) -> str:
        with figure_style(), rc_context({"animation.embed_limit": 200.0}):
            return self._moving().to_jshtml(fps=self.rate, default_mode="loop")


def animation(
    problem: Problem, planes: Sequence[Section], found: Sequence[Quantity], seconds: float
) -> Animation:
    """One picture for each section; the scale is that of all of them.

    ValueError where there is more than one quantity.
    """
    if len(found) != 1:
        names = ", ".join(one.title for one in found) or "nothing"
        raise ValueError(f"animate: one quantity moves at a time; this is {names}")
    (quantity,) = found
    with figure_style():
        line = len(planes[0].axes) == 1
        figure = canvas(5.6, 3.4 if line else 4.2, problem.title)
        axes = figure.subplots()

        def show(frame: int) -> list[Artist]:
            axes.clear()
            plane, part = planes[frame], quantity.parts[frame]
            if scaled is None:
                draw_lines(axes, [plane], replace(quantity, parts=(part,)), None)
                axes.set_xlabel(label(plane.axes[0]))
                axes.set_ylim(*limits)
            else:
                draw_map(axes, problem.domain, plane, part, scaled, label)
            axes.set_title(f"{quantity.title}, {place_text(plane.fixed, label)}")
            return []

        label = labels_of(problem)
        limits = _limits(quantity)
        scaled = None if line else scale(quantity, found)
        show(0)
    return Animation(figure, show, len(planes), max(1, round(len(planes) / seconds)))


def _limits(quantity: Quantity) -> tuple[float, float]:
    """The range of all pictures, with a margin."""
    if quantity.kind in ("error", "residual"):
        return decades(*quantity.parts) or (1e-16, 1.0)
    values = np.concatenate([part[np.isfinite(part)] for part in quantity.parts])
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin
