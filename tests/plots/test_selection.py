"""Figures show what they are asked for, in the sizes of journals, in every format."""

import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from pikan.plots.levels import PlottedLevel, degree_figure, degrees, error_in_time, marches
from pikan.report.report import Record
from tests.plots.test_figures import collisions
from tests.test_solution import solved


@pytest.fixture(scope="module")
def solution():
    return solved({"u": "x**2*t + 1"})


@pytest.mark.parametrize(
    ("suffix", "head"),
    [("pdf", b"%PDF"), ("svg", b"<?xml"), ("png", b"\x89PNG"), ("eps", b"%!PS")],
)
def test_a_file_holds_what_its_suffix_says(solution, tmp_path, suffix, head):
    file = solution.plot("u", width="column").save(tmp_path / f"figure.{suffix}")
    assert file.read_bytes().startswith(head)


def test_another_suffix_is_refused_and_nothing_is_written(solution, tmp_path):
    with pytest.raises(ValueError, match=r"got the suffix '.doc', needs one of .pdf, .svg, .png"):
        solution.plot("u").save(tmp_path / "figure.doc")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("width", "inches"), [("column", 3.4), ("page", 7.0), (5.0, 5.0)])
def test_a_figure_is_as_wide_as_it_shall_be(solution, tmp_path, width, inches):
    file = solution.plot("u", at={"t": 0.5}, width=width).save(tmp_path / "figure.png", dpi=100.0)
    with Image.open(file) as image:
        assert image.width == pytest.approx(100 * inches, abs=1)


@pytest.mark.parametrize(
    ("which", "at", "width"),
    [
        (None, {"t": [0, 1, 2]}, "column"),
        (["u", "u_x", "u_t"], {"t": [0, 1, 2]}, "page"),
        (["u", "error"], None, "column"),
        (None, None, "page"),
    ],
)
def test_no_label_covers_another_at_any_width(solution, which, at, width):
    assert collisions(solution.plot(which, at=at, width=width)) == []


def test_the_curve_of_a_derivative_has_its_values(solution):
    figure = solution.plot("u_x", at={"t": [0.5, 2.0]})
    early, late = figure.axes[0].get_lines()
    np.testing.assert_allclose(early.get_ydata(), 2 * early.get_xdata() * 0.5, atol=1e-12)
    np.testing.assert_allclose(late.get_ydata(), 2 * late.get_xdata() * 2.0, atol=1e-12)
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == [
        "$t$ = 0.5",
        "$t$ = 2",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"which": "v"}, "which: got 'v', needs an unknown"),
        ({"at": {"z": 0}}, "at: got 'z', needs one of x, t"),
        ({"at": {"t": 3}}, "at: got t = 3, needs from 0 to 2"),
        ({"at": {"t": 0, "x": 0}}, "leave one or two coordinates to vary"),
        ({"width": "wide"}, "width: got 'wide', needs 'column', 'page'"),
        ({"ax": 1}, "ax: got int, needs axes"),
        ({"ax": Figure().add_subplot()}, "one panel is not enough"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_sentence(solution, arguments, message):
    with pytest.raises(ValueError, match=message):
        solution.plot(**arguments)


def test_a_panel_goes_into_axes_of_the_callers_in_the_callers_style(solution):
    with mpl.rc_context({"lines.linewidth": 7.0}):
        axes = Figure().add_subplot()
        assert solution.plot("u", at={"t": 1.0}, ax=axes) is None
    assert axes.get_lines()[0].get_linewidth() == 7.0
    assert axes.get_title(loc="center") == "$u$, $t$ = 1"


def test_a_style_comes_on_top_of_pikans(solution):
    figure = solution.plot("u", at={"t": 1.0}, style={"lines.linewidth": 3.5})
    assert figure.axes[0].get_lines()[0].get_linewidth() == 3.5


def test_the_style_of_pikan_is_one_that_matplotlib_finds_by_its_name():
    with mpl.rc_context():
        mpl.style.use("pikan.plots.pikan")
        assert mpl.rcParams["pdf.fonttype"] == 42


def test_a_figure_once_made_does_not_follow_the_callers_settings(solution, tmp_path):
    figure = solution.plot("u", width="column")
    plain = figure.save(tmp_path / "plain.png").read_bytes()
    with mpl.rc_context({"font.size": 30.0, "xtick.major.size": 20.0, "savefig.dpi": 40.0}):
        assert figure.save(tmp_path / "again.png").read_bytes() == plain


def test_moving_pictures_have_a_frame_for_every_moment(solution, tmp_path):
    file = solution.animate(frames=3).save(tmp_path / "moving.gif")
    with Image.open(file) as image:
        assert image.n_frames == 3
    with pytest.raises(ValueError, match=r"needs .gif, .mp4 or .html"):
        solution.animate(frames=2).save(tmp_path / "moving.png")


def record(level, loss, stage="collocation", index=0, error=None, step=1):
    return Record(stage, index, step, 1.0, loss, (("equation", loss),), error, level)


def test_the_error_of_a_level_is_that_which_was_measured_of_it():
    direct = (record("degree 8", 1e-4, error=1e-2), record("degree 12", 1e-8, index=1, error=1e-6))
    assert [(level.high, level.error) for level in degrees(direct, 1e-7)] == [(8, 1e-2), (12, 1e-7)]
    # A stage that takes steps measures the best level before it.
    stepwise = tuple(
        record(level, 1e-4, "gauss_newton", index, error, step)
        for level, index, error, step in [
            ("degree 8", 0, None, 0),
            ("degree 8", 0, None, 3),
            ("degree 12", 1, 1e-2, 0),
            ("degree 12", 1, 1e-2, 5),
        ]
    )
    assert [level.error for level in degrees(stepwise, None)] == [1e-2, None]


def test_slabs_that_were_refused_are_no_part_of_a_march():
    slabs = [(0, 0.5), (0, 0.25), (0.25, 1), (0, 0.5), (0.5, 1)]
    made = [record(f"t = {a} to {b}", 1e-4, index=i) for i, (a, b) in enumerate(slabs)]
    first, second = marches(made)
    assert [(slab.low, slab.high) for slab in first] == [(0, 0.25), (0.25, 1)]
    assert [(slab.low, slab.high) for slab in second] == [(0, 0.5), (0.5, 1)]
    assert marches([record("degree 8", 1e-4)]) == ()


def test_the_mean_square_of_the_error_over_time_is_that_of_the_report(solution):
    (field,) = solution.fields()
    wrong = field.exact + 1e-3 * field.grids[1][None, :, None]
    times, error = error_in_time(
        field.__class__(field.axes, field.grids, (), wrong, field.exact, None)
    )
    size = np.sqrt(np.mean(field.exact**2))
    np.testing.assert_allclose(error, 1e-3 * np.array(times) / size, rtol=1e-10)


def test_importing_solutions_brings_no_figures_and_no_formulas():
    code = (
        "import sys; import pikan.solution; "
        "print(*{'matplotlib', 'sympy', 'scipy.optimize', 'pikan.symbolic'} & set(sys.modules))"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True
    )
    assert run.stdout.strip() == ""


def test_a_history_breaks_where_degrees_begin_anew():
    levels = [
        PlottedLevel(degree, degree, (("equation", 10.0**-degree),), None)
        for degree in (8, 12, 8, 16)
    ]
    (axes,) = degree_figure(levels, "title", None).axes
    curve = axes.lines[0].get_xdata()
    assert [None if np.isnan(x) else int(x) for x in curve] == [8, 12, None, 8, 16]
