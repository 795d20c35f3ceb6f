"""The figure of a solution, with what is known of its error."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from pikan.plots.lines import lines
from pikan.plots.maps import maps
from pikan.problem.statement import Problem
from pikan.report.fields import Field


def solution(problem: Problem, fields: Sequence[Field]) -> Figure:
    """Lines for one coordinate, a map for two, maps of slices for more."""
    return lines(problem, fields[0]) if len(fields[0].axes) == 1 else maps(problem, fields)
