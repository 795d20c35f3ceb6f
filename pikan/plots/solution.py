"""The figures of a solution: quantities on lines or planes."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from pikan.plots.labels import labels_of
from pikan.plots.lines import draw_lines, known_beside, lines
from pikan.plots.maps import draw_map, maps, scale
from pikan.plots.picture import Picture, with_ticks
from pikan.plots.quantity import Quantity, quantities
from pikan.plots.style import Paper, Style, figure_style, inches, place_text
from pikan.problem.statement import Problem
from pikan.report.fields import Field
from pikan.report.sections import Section


def solution(problem: Problem, fields: Sequence[Field]) -> Picture:
    """All that fields hold: curves for one coordinate, maps for two, maps of slices for more."""
    sections = [Section(field.axes, field.grids, field.fixed) for field in fields]
    found, label = quantities(problem, fields), labels_of(problem)
    with figure_style():
        if len(sections[0].axes) == 1:
            return lines(sections, found, problem.title, None, label)
        return maps(problem.domain, sections, found, problem.title, None, True, label)


def chosen(
    problem: Problem,
    sections: Sequence[Section],
    found: Sequence[Quantity],
    width: Paper | None,
    style: Style | None,
    whole: bool,
) -> Picture:
    """The quantities asked for; of a given width there is no title, which a paper has below."""
    wide = None if width is None else inches(width)
    title, label = problem.title if wide is None else "", labels_of(problem)
    with figure_style(style, wide):
        if len(sections[0].axes) == 1:
            return with_ticks(lines(sections, found, title, wide, label))
        return with_ticks(maps(problem.domain, sections, found, title, wide, whole, label))


def draw_into(
    given: object, problem: Problem, sections: Sequence[Section], found: Sequence[Quantity]
) -> None:
    """Draw one quantity into axes of the caller's, in the caller's style.

    ValueError for anything but axes, and where one panel is not enough.
    """
    if not isinstance(given, Axes):
        raise ValueError(f"ax: got {type(given).__name__}, needs axes of matplotlib")
    shown, label = [one for one in found if one.kind != "exact"] or list(found), labels_of(problem)
    plane = len(sections[0].axes) == 2
    if len(shown) > 1 or (plane and len(sections) > 1):
        asked = "which=, such as which='u'" if len(shown) > 1 else "at= with one value each"
        raise ValueError(f"ax: one panel is not enough for all of it; choose with {asked}")
    if plane:
        values, scaled = shown[0].parts[0], scale(shown[0], found)
        draw_map(given, problem.domain, sections[0], values, scaled, label)
    else:
        draw_lines(given, sections, shown[0], known_beside(found, shown[0]), label)
    place = place_text(sections[0].fixed, label) if len(sections) == 1 else ""
    given.set_title(f"{shown[0].title}, {place}" if place else shown[0].title)
