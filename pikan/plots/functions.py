"""Functions found from data: curves and maps with their bands, and how far the data reach."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from pikan.expression.tree import Name
from pikan.plots.labels import labels_of
from pikan.plots.picture import Picture, canvas
from pikan.plots.style import COLORS, PALE, figure_style
from pikan.problem.statement import Problem
from pikan.solvers.found import FoundFunction

# Points of a curve, and of a map along each axis.
_CURVE, _MAP = 200, 60


def functions(problem: Problem, found: Mapping[str, FoundFunction]) -> Picture:
    """A row for each function: one of one argument with its band, one of two beside its band.

    Of more arguments those beyond the first two stay in the middle of their axes.
    """
    with figure_style():
        figure = canvas(7.2, 2.9 * len(found) + 0.3, problem.title)
        rows = figure.subplots(len(found), 2, squeeze=False)
        for (left, right), (name, one) in zip(rows, found.items(), strict=True):
            title = f"{name}({', '.join(one.arguments)})"
            if len(one.arguments) == 1:
                # One curve takes the room of two maps.
                right.remove()
                left.set_subplotspec(left.get_gridspec()[left.get_subplotspec().rowspan.start, :])
                _curve(problem, left, one, title)
            else:
                _maps(problem, figure, (left, right), one, title)
        return figure


def _curve(problem: Problem, axes: Axes, one: FoundFunction, title: str) -> None:
    """A function of one argument with its band; below are the values that were measured."""
    label, argument = labels_of(problem), one.arguments[0]
    x = np.linspace(one.axes[0][0], one.axes[0][-1], _CURVE)
    lower, upper = one.band(x)
    axes.fill_between(x, lower, upper, color=PALE, linewidth=0.0, label=f"{one.level:.0%} band")
    axes.plot(x, one(x), color=COLORS[0])
    measured = [
        each.points[:, problem.coordinates.index(argument)]
        if argument in problem.coordinates
        else each.values
        for each in problem.observations
        if argument in problem.coordinates or each.formula == Name(argument)
    ]
    if measured:
        at = np.unique(np.concatenate(measured))[:: max(1, sum(map(len, measured)) // 500)]
        axes.plot(at, np.zeros_like(at), "|", color=COLORS[1], transform=axes.get_xaxis_transform())
    axes.set_xlabel(label(argument) if argument in problem.coordinates else argument)
    axes.set_ylabel(title)
    axes.legend()


def _maps(
    problem: Problem, figure: Picture, beside: tuple[Axes, Axes], one: FoundFunction, title: str
) -> None:
    """A function of two arguments and the half width of its band, with the points of the data."""
    x, y = (np.linspace(axis[0], axis[-1], _MAP) for axis in one.axes[:2])
    mesh = np.meshgrid(x, y, indexing="ij")
    others = [np.full_like(mesh[0], 0.5 * (axis[0] + axis[-1])) for axis in one.axes[2:]]
    lower, upper = one.band(*mesh, *others)
    shown = {
        title: one(*mesh, *others),
        f"half width of the {one.level:.0%} band": (upper - lower) / 2,
    }
    places = _places(problem, one.arguments[:2])
    for axes, (name, values) in zip(beside, shown.items(), strict=True):
        drawn = axes.pcolormesh(*mesh, values, shading="gouraud", rasterized=True)
        figure.colorbar(drawn, ax=axes)
        if places is not None:
            axes.plot(*places, ".", color="white", markersize=2.0, alpha=0.6)
        axes.set_xlabel(one.arguments[0])
        axes.set_ylabel(one.arguments[1])
        axes.set_title(name)


def _places(problem: Problem, arguments: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray] | None:
    """The points of the data in the plane of two arguments; None where there are no pairs."""
    seen = [
        [
            each.points[:, problem.coordinates.index(name)]
            if name in problem.coordinates
            else each.values
            for each in problem.observations
            if name in problem.coordinates or each.formula == Name(name)
        ]
        for name in arguments
    ]
    first, second = (np.concatenate(one) if one else np.zeros(0) for one in seen)
    if len(first) != len(second) or not len(first):
        return None
    step = max(1, len(first) // 500)
    return first[::step], second[::step]
