"""Figures are drawn for every kind of problem, and matplotlib is left as it was."""

import math
import sys
import warnings

import matplotlib as mpl
import numpy as np
import pytest

from pikan.plots.draw import draw
from pikan.plots.history import history, spans
from pikan.plots.picture import canvas
from pikan.plots.solution import solution
from pikan.plots.style import decades
from pikan.report.fields import fields
from pikan.report.report import NetworkFacts, Record, Report, Seconds, Versions

REPORT = Report(
    problem="made", outcome="converged", message="solved", errors={}, estimate=None, residuals={},
    network=NetworkFacts("product", 4), seed=0, dtype="float64", device="cpu", threads=1,
    seconds=Seconds(1.0, 0.5), stages=(), versions=Versions("0", "2", "3"),
)  # fmt: skip


def waves(points):
    return np.sin(3 * points[:, :1]) + points[:, -1:]


def records(*stages):
    """A falling loss for each (name, steps, seconds)."""
    found, before = [], 0.0
    for index, (name, steps, seconds) in enumerate(stages):
        for step in range(steps + 1):
            blocks = (("equation", 0.1**step), ("x = -1", 0.0 if step else 1.0))
            time = before + seconds * step / max(steps, 1)
            found.append(Record(name, index, step, time, 0.1**step, blocks, 0.5**step))
        before += seconds
    return tuple(found)


def collisions(figure) -> list[tuple[str, str]]:
    """The texts of a figure that cover each other."""
    renderer = figure.canvas.get_renderer()
    figure.draw(renderer)
    texts = [text for text in figure.findobj(mpl.text.Text) if text.get_text().strip()]
    unseen = {tick for axes in figure.findobj(mpl.axes.Axes) for tick in beyond(axes)}
    shown = [text for text in texts if text.get_visible() and text not in unseen]
    boxes = [(text.get_text(), text.get_window_extent(renderer).padded(-1)) for text in shown]
    return [
        (one, other)
        for i, (one, mine) in enumerate(boxes)
        for other, its in boxes[:i]
        if mine.overlaps(its)
    ]


def beyond(axes) -> set:
    """The tick labels that are not drawn: those of ticks out of sight and of switched-off axes."""
    found = set()
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            inside = low <= tick.get_loc() <= high and axes.axison
            found |= {
                label
                for label in (tick.label1, tick.label2)
                if not (inside and label.get_visible())
            }
    return found


@pytest.mark.parametrize(
    ("coordinates", "unknowns", "formulas"),
    [
        (("x",), ("u",), {"u": "sin(3*x) + x"}),
        (("t",), ("prey", "predators"), {"prey": "t"}),
        (("x", "t"), ("u",), {"u": "sin(3*x)"}),
        (("x", "y"), ("u", "v"), None),
        (("x", "y", "t"), ("u",), {"u": "x*y"}),
        (("a", "b", "c", "d", "e"), ("u",), {"u": "a*b"}),
    ],
)
def test_no_label_covers_another(boxed, coordinates, unknowns, formulas):
    problem = boxed(coordinates, unknowns, formulas)
    many = len(unknowns)
    sampled = fields(
        problem, lambda p: np.repeat(waves(p), many, 1), lambda p: np.repeat(waves(p), many, 1)
    )
    assert collisions(solution(problem, sampled)) == []


def test_a_map_shows_the_values_the_right_way_up(boxed):
    problem = boxed(coordinates=("x", "t"))
    (field,) = fields(problem, lambda points: points[:, :1])
    figure = solution(problem, [field])
    (image,) = [image for axes in figure.axes for image in axes.images]
    # Time runs to the right, so x, and with it the value, grows upward.
    assert image.get_array()[-1, 0] == 1.0
    assert image.origin == "lower"
    assert image.axes.get_xlabel() == "$t$"


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, 1e300])
def test_any_value_can_be_drawn(boxed, value):
    for coordinates in (("x",), ("x", "y")):
        problem = boxed(coordinates, formulas={"u": "0*x"})

        def constant(points):
            return np.full((len(points), 1), value)

        assert solution(problem, fields(problem, constant, constant)).png[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    "stages",
    [
        [("least_squares", 1, 0.02)],
        [("least_squares", 0, 0.0)],
        [("gauss_newton", 12, 5.0)],
        [("adam", 50, 60.0), ("refine", 0, 0.0), ("refine", 0, 0.01), ("lbfgs", 50, 100.0)],
        [("adam", 5, 1.0)] * 30,
        [("gauss_newton", 3, 0.1 + 0.3 * (k % 7 > 4)) for k in range(36)],
    ],
)
def test_every_history_can_be_drawn(stages):
    figure = history(records(*stages), "A title")
    assert figure.png[:4] == b"\x89PNG"
    assert collisions(figure) == []


def test_a_history_without_a_finite_number_can_be_drawn():
    bad = tuple(
        Record("adam", 0, i, float(i), math.nan, (("e", math.nan),), None) for i in range(9)
    )
    assert history(bad, "Diverged").png[:4] == b"\x89PNG"


def test_stages_follow_each_other_without_a_gap():
    found = spans(records(("adam", 4, 3.0), ("lbfgs", 2, 1.0)))
    assert [(span.name, span.begin, span.end, span.steps) for span in found] == [
        ("adam", 0.0, 3.0, 4),
        ("lbfgs", 3.0, 4.0, 2),
    ]


def test_settings_of_the_caller_neither_matter_nor_change(boxed):
    problem = boxed(formulas={"u": "x"})
    sampled = fields(problem, waves)
    plain = solution(problem, sampled).png
    with mpl.rc_context({"font.size": 30.0, "image.cmap": "hot", "savefig.dpi": 40.0}):
        before = dict(mpl.rcParams)
        assert solution(problem, sampled).png == plain
        assert dict(mpl.rcParams) == before


def test_pyplot_is_not_needed(boxed, tmp_path):
    problem = boxed()
    had = "matplotlib.pyplot" in sys.modules
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        paths = draw(
            problem, fields(problem, waves), records(("adam", 9, 1.0)), REPORT, "", tmp_path
        )
    assert [path.name for path in paths] == ["solution.png", "history.png", "report.html"]
    assert ("matplotlib.pyplot" in sys.modules) == had


def test_a_logarithmic_scale_spans_one_to_six_decades():
    assert decades(np.array([1e-3])) == pytest.approx((1e-4, 1e-3))
    assert decades(np.geomspace(1e-30, 1.0, 999)) == pytest.approx((1e-6, 1.0))
    assert decades(np.array([0.0, np.nan])) is None


def test_a_logarithmic_scale_shows_what_lies_below_a_single_peak():
    values = np.append(np.geomspace(1e-3, 1.0, 999), 1e14)
    lower, upper = decades(values)
    assert lower <= 1e-3
    assert 1.0 <= upper <= 100.0


def test_a_curve_breaks_where_a_stage_starts_higher_than_the_last_one_ended():
    figure = history(records(("adam", 8, 3.0), ("lbfgs", 8, 1.0)), "two windows")
    (curve,) = [line for line in figure.axes[0].get_lines() if line.get_label() == "equation"]
    assert np.isnan(curve.get_ydata()).sum() == 1


@pytest.mark.parametrize("title", ["熱伝導", "cost $x_$", r"$\no$", "a $ b", r"$\theta$"])
def test_every_title_can_be_drawn(title):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert canvas(2.0, 1.0, title).png.startswith(b"\x89PNG")


def test_a_long_title_is_not_cut():
    figure = canvas(6.8, 3.0, "A half-infinite rod whose end is suddenly hot, " * 3)
    figure.subplots()
    figure.draw_without_rendering()
    box = figure._suptitle.get_window_extent()
    assert box.x0 >= 0.0
    assert box.x1 <= figure.bbox.x1
