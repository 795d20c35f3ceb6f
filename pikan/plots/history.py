"""How training went: by degree, by t, or over the seconds, stage by stage."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from pikan.plots.labels import block_label, short_label
from pikan.plots.levels import degree_figure, degrees, marches, time_figure
from pikan.plots.picture import Picture, canvas
from pikan.plots.style import (
    COLORS,
    INK,
    PALE,
    SHADE,
    figure_style,
    magnitudes,
    open_frame,
    short,
)
from pikan.report.fields import Field
from pikan.report.report import Estimate, Record

_WIDTH = 8.6
# A run of so few records is not a curve.
_FEW = 3
# The loss falls in a stage; one that starts so much higher is a new slab, level or set of points.
_JUMP = 2.0
# How wide a character of a label is, in parts of the panel.
_CHARACTER = 0.0115
# What fits beside the curves.
_LISTED = 12
_DASHES = ("-", "--", ":", "-.")


@final
@dataclass(frozen=True)
class Span:
    """One stage on the time axis [s]."""

    name: str
    begin: float
    end: float
    steps: int


def history(
    records: Sequence[Record],
    title: str,
    estimate: Estimate | None = None,
    reached: float | None = None,
    fields: Sequence[Field] = (),
) -> Picture:
    """The history of a run against what its way of solving goes by.

    The degree of p-refinement, the t of time marching, else the seconds of training; the start and
    the end where a run had few steps. `reached` is the error in the end, where it is known.
    """
    with figure_style():
        if levels := degrees(records, reached):
            return degree_figure(levels, title, estimate)
        if several := marches(records):
            return time_figure(several, title, estimate, fields[0] if fields else None)
        if len(records) <= _FEW or records[-1].seconds == records[0].seconds:
            return _ends(records, title)
        return _curves(records, title)


def spans(records: Sequence[Record]) -> tuple[Span, ...]:
    """The stages of a history, each from the end of the one before."""
    found: list[Span] = []
    for _, group in groupby(records, key=lambda record: record.stage_index):
        last = list(group)[-1]
        begin = found[-1].end if found else 0.0
        found.append(Span(last.stage, begin, last.seconds, last.step))
    return tuple(found)


def _curves(records: Sequence[Record], title: str) -> Picture:
    known = [record for record in records if record.error is not None]
    rows = 2 if known else 1
    figure = canvas(_WIDTH, 5.2 if known else 3.8, title)
    panels = figure.subplots(rows, 1, sharex=True, squeeze=False, height_ratios=[2.0, 1.0][:rows])[
        :, 0
    ]
    stages = spans(records)
    _draw_blocks(panels[0], records)
    if known:
        panels[1].set_yscale("log")
        values = [_positive(record.error) for record in known]
        seconds = [record.seconds for record in known]
        panels[1].plot(seconds, values, color=INK, marker=_marker(known))
        panels[1].set_ylabel("relative L2 error")
    for axes in panels:
        for i, stage in enumerate(stages):
            axes.axvspan(stage.begin, stage.end, color=_shades(stages)[i], linewidth=0, zorder=0)
            axes.axvline(stage.begin, color=PALE, linewidth=0.6, zorder=0.5)
        open_frame(axes)
        magnitudes(axes.yaxis)
    panels[-1].set_xlabel("seconds of training")
    panels[-1].xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]))
    _number(panels[0], stages)
    _count_steps(panels[0], records)
    _explain(figure, panels[0], stages)
    return figure


def _draw_blocks(axes: Axes, records: Sequence[Record]) -> None:
    """A curve for each block, which breaks where a stage starts from something else."""
    seconds = [record.seconds for record in records]
    # A stage begins at another loss than the one before has ended with.
    breaks = [
        i
        for i, (before, after) in enumerate(pairwise(records), start=1)
        if after.stage_index != before.stage_index and after.loss > _JUMP * before.loss
    ]
    axes.set_yscale("log")
    for i, label in enumerate(_labels(records)):
        values = [_positive(dict(record.blocks).get(label)) for record in records]
        color, dash = COLORS[i % len(COLORS)], _DASHES[i // len(COLORS) % len(_DASHES)]
        pieces = np.insert(seconds, breaks, np.nan), np.insert(values, breaks, np.nan)
        axes.plot(
            *pieces,
            dash,
            color=color,
            label=block_label(short_label(label)),
            marker=_marker(records),
        )
    axes.set_ylabel("mean square residual, weighted")
    axes.set_xlim(0.0, seconds[-1])


def _shades(stages: Sequence[Span]) -> list[str]:
    """Gray and white in turn, where stages too short to be seen take no turn."""
    seen = np.cumsum([stage.end - stage.begin > 0.005 * stages[-1].end for stage in stages])
    return [SHADE if turn % 2 else "white" for turn in seen]


def _number(axes: Axes, stages: Sequence[Span]) -> None:
    """Number the stages along the upper edge; those too narrow for it share a label: 2-4."""
    middles = [(stage.begin + stage.end) / 2 / stages[-1].end for stage in stages]
    groups: list[tuple[int, int]] = []
    for i in range(len(stages) if len(stages) > 1 else 0):
        groups.append((i, i))
        while len(groups) > 1:
            left, right = groups[-2:]
            room = (len(_numbers(left)) + len(_numbers(right))) / 2 + 1
            if _place(middles, right) - _place(middles, left) >= room * _CHARACTER:
                break
            groups[-2:] = [(left[0], right[1])]
    for group in groups:
        place, text = _place(middles, group), _numbers(group)
        axes.text(place, 0.97, text, transform=axes.transAxes, ha="center", va="top", weight="bold")


def _place(middles: Sequence[float], group: tuple[int, int]) -> float:
    return (middles[group[0]] + middles[group[1]]) / 2


def _numbers(group: tuple[int, int]) -> str:
    first, last = group[0] + 1, group[1] + 1
    return f"{first}" if first == last else f"{first}-{last}"


def _count_steps(axes: Axes, records: Sequence[Record]) -> None:
    """A second axis above with the steps of all stages counted on."""
    seconds = np.array([record.seconds for record in records])
    ends = {record.stage_index: record.step for record in records}
    running = [
        record.step + sum(steps for index, steps in ends.items() if index < record.stage_index)
        for record in records
    ]
    steps = np.array(running, dtype=float)
    above = axes.twiny()
    above.set_xlim(axes.get_xlim())
    above.spines[["right", "bottom", "left"]].set_visible(False)
    kept: list[tuple[float, float]] = []
    for step in MaxNLocator(6, integer=True).tick_values(0, steps[-1]):
        place = float(np.interp(step, steps, seconds))
        if step <= steps[-1] and (not kept or place - kept[-1][0] > 0.07 * seconds[-1]):
            kept.append((place, step))
    above.set_xticks([place for place, _ in kept], [f"{step:.0f}" for _, step in kept])
    above.set_xlabel("steps")


def _explain(figure: Picture, axes: Axes, stages: Sequence[Span]) -> None:
    """A legend of the blocks, and below it one of the stages."""
    curves, labels = axes.get_legend_handles_labels()
    shown = stages if len(stages) <= _LISTED else stages[: _LISTED - 1]
    patches = [
        Patch(facecolor=color, edgecolor=PALE, linewidth=0.6)
        for color, _ in zip(_shades(stages), shown, strict=False)
    ]
    texts = [
        f"{i + 1} {_summary(stage)}" if len(stages) > 1 else _summary(stage)
        for i, stage in enumerate(shown)
    ]
    gap = Line2D([], [], linestyle="none")
    rest = len(stages) - len(shown)
    figure.legend(
        [*curves, gap, *patches, *[gap] * (rest > 0)],
        [*labels, "", *texts, *[f"and {rest} more"] * (rest > 0)],
        loc="outside right center",
    )


def _summary(stage: Span) -> str:
    steps = f", {stage.steps} step{'s' * (stage.steps > 1)}" if stage.steps else ""
    return f"{stage.name}{steps}, {_duration(stage)}"


def _ends(records: Sequence[Record], title: str) -> Picture:
    """A line for each block from its residual at the start to that at the end."""
    labels = _labels(records)
    first, last = dict(records[0].blocks), dict(records[-1].blocks)
    figure = canvas(6.4, 1.6 + 0.32 * len(labels), title)
    axes = figure.subplots()
    axes.set_xscale("log")
    for row, label in enumerate(labels):
        pair = [_positive(first.get(label)), _positive(last.get(label))]
        axes.plot(pair, [row, row], color=PALE, linewidth=2.0, zorder=1)
        if len(records) > 1:
            axes.plot(pair[:1], [row], "o", color="white", markeredgecolor=COLORS[0])
        axes.plot(pair[1:], [row], "o", color=COLORS[0])
        if math.isnan(pair[1]):
            axes.text(0.01, row, "0", transform=axes.get_yaxis_transform(), va="center")
    axes.set_yticks(range(len(labels)), [block_label(label) for label in labels])
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlabel("mean square residual" + ", start and end" * (len(records) > 1))
    axes.set_title(
        ", then ".join(f"{stage.name} in {_duration(stage)}" for stage in spans(records))
    )
    open_frame(axes)
    magnitudes(axes.xaxis)
    return figure


def _labels(records: Sequence[Record]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label for record in records for label, _ in record.blocks))


def _positive(value: float | None) -> float:
    """What a logarithmic axis can show; NaN leaves a gap."""
    return value if value is not None and value > 0 and math.isfinite(value) else math.nan


def _marker(records: Sequence[Record]) -> str:
    return "o" if len(records) < 12 else ""


def _duration(stage: Span) -> str:
    return f"{short(float(f'{stage.end - stage.begin:.2g}'))} s"
