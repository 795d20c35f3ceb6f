"""What the known functions of a problem tell of its solution before it is solved."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pikan.expression.parse import parse
from pikan.geometry.box import Box
from pikan.problem.features import features
from pikan.problem.statement import Condition, Equation, Problem


def problem(formula, conditions=(), **ends):
    lower, upper = zip(*ends.values(), strict=True)
    box = Box(tuple(ends), tuple(map(float, lower)), tuple(map(float, upper)))
    equation = Equation("equation", parse(f"u - ({formula})"))
    return Problem("", "", box, ("u",), {}, (equation,), tuple(conditions), (), None, "")


def cell(found, value, axis=0):
    """The width of the cell that a value lies in."""
    edges = found.edges[axis]
    return np.diff(edges)[np.clip(np.searchsorted(edges, value) - 1, 0, len(edges) - 2)]


@settings(max_examples=settings.default.max_examples // 5)
@given(
    st.floats(0.1, 9.9),
    st.floats(-9, -2.7),
    st.sampled_from(["exp(-S^2)", "1/(1 + S^2)", "sech(S)"]),
)
def test_a_pulse_of_any_width_and_place_is_seen(place, exponent, shape):
    width = 10.0**exponent
    found = features(problem(shape.replace("S", f"((t - {place!r})/{width!r})"), t=(0, 10)))
    (feature,) = found.narrow
    assert width / 100 < feature.width < width
    assert ((feature.lower <= place) & (feature.upper >= place)).any()
    assert cell(found, place) < width


def test_a_small_pulse_beside_a_tall_one_is_seen():
    found = features(problem("1e6*exp(-((t - 4.3)/1e-6)^2) + exp(-((t - 7.1)/1e-5)^2)", t=(0, 10)))
    assert [one.place for one in found.narrow] == ["t = 4.3", "t = 7.1"]


@pytest.mark.parametrize(
    "formula",
    [
        "exp(-(t^2 - 8.6*t + 18.49)/4e-10)",
        "1e-6/((t - 4.3)^2 + 1e-12)",
        "sin(t)*(1 - tanh((t^2 - 18.49)/1e-5)^2)",
        "1/cosh((t - 4.3)/1e-4)^2",
        "(((1 - (t - 4.3)^2/40)^100)^100)^100",
        "exp(-((t - 4.3)/1e-3)^2)/t",
    ],
)
def test_how_a_pulse_is_written_makes_no_difference(formula):
    found = features(problem(formula, t=(0, 10)))
    assert any(((f.lower <= 4.3001) & (f.upper >= 4.2999)).any() for f in found.narrow)


def test_the_cells_of_a_pulse_in_two_coordinates_lie_around_it():
    found = features(problem("exp(-((x - 0.3)^2 + (y - 0.6)^2)/1e-5)", x=(0, 1), y=(0, 1)))
    assert found.narrow[0].place.startswith("x = 0.3, y = 0.6") or "0.59" in found.narrow[0].place
    assert cell(found, 0.3, 0) < 1e-2
    assert cell(found, 0.6, 1) < 1e-2
    assert cell(found, 0.9, 0) > 5e-2


def test_neighboring_cells_differ_threefold_at_most():
    sizes = np.diff(features(problem("exp(-((t - 4.3)/1e-6)^2)", t=(0, 10))).edges[0])
    assert (sizes[1:] / sizes[:-1]).max() <= 3.0 + 1e-9
    assert (sizes[:-1] / sizes[1:]).max() <= 3.0 + 1e-9


@pytest.mark.parametrize(
    "formula", ["sin(20*pi*x)*exp(-y)", "x^2*y + tanh(3*x)", "1/x + log(y)", "2/x*exp(y)"]
)
def test_smooth_functions_and_poles_at_the_rim_are_left_alone(formula):
    found = features(problem(formula, x=(0, 1), y=(0, 1)))
    assert found.smooth
    assert not found.narrow


def test_jumps_and_kinks_are_placed():
    found = features(problem("step(t - 4)*step(4.05 - t) + abs(sin(t)) + minimum(t, 1)", t=(0, 10)))
    jumps = sorted(one.value for one in found.places if one.kind == "jump")
    kinks = sorted(one.value for one in found.places if one.kind == "kink")
    assert jumps == pytest.approx([4.0, 4.05], abs=1e-12)
    assert kinks == pytest.approx([1.0, np.pi, 2 * np.pi, 3 * np.pi], abs=1e-12)


def test_kinks_far_apart_leave_points_evenly_spread():
    assert features(problem("minimum(x/0.3, (1 - x)/0.7)", x=(0, 1))).smooth


def test_smooth_functions_of_many_coordinates_are_not_narrow():
    unit = dict.fromkeys("abcd", (0, 1))
    assert features(problem("1/(1 + a + b + c + d) + exp(-a*b*c)", **unit)).smooth


def test_a_window_between_two_jumps_is_narrow():
    (feature,) = features(problem("step(t - 4)*step(4.00001 - t)", t=(0, 10))).narrow
    assert feature.width == pytest.approx(1e-5)


@pytest.mark.parametrize(
    ("formula", "ends"),
    [
        ("abs(sin(1/x))", {"x": (0, 1)}),
        ("step(sin(1e6*x))", {"x": (0, 1)}),
        ("sin(1e7*x)", {"x": (0, 1)}),
        ("maximum(0, sin(1/(x*y)))", {"x": (0, 1), "y": (0, 1)}),
    ],
)
def test_what_varies_in_too_many_places_is_named(formula, ends):
    found = features(problem(formula, **ends))
    assert len(found.unread) >= 1
    assert not found.places


@pytest.mark.parametrize("formula", ["abs(x - y)", "step(0.1 - x^2 - y^2)", "maximum(x, y)"])
def test_what_bends_along_oblique_lines_is_named(formula):
    found = features(problem(formula, x=(0, 1), y=(0, 1)))
    assert len(found.oblique) == 1
    assert not found.unread


@pytest.mark.parametrize("formula", ["sqrt(1 + x^2 + y^2)", "abs(2 + x*y)", "maximum(x*y, -1)"])
def test_what_bends_nowhere_is_not_named(formula):
    found = features(problem(formula, x=(0, 1), y=(0, 1)))
    assert not found.oblique
    assert found.smooth


def test_many_pulses_are_narrow_though_their_cells_cover_all():
    (feature,) = features(problem("exp(-(sin(1000*x)/1e-3)^2)", x=(0, 1))).narrow
    assert feature.width < 1e-6
    assert features(problem("sin(1000*x) + exp(3*sin(1000*x^2))", x=(0, 1))).smooth


def test_conditions_are_read_on_their_faces():
    box = problem("0", x=(0, 1), t=(0, 1)).box
    start = Condition("t = 0", (box.faces()[2],), parse("u - exp(-((x - 0.2 + t)/1e-4)^2)"))
    found = features(problem("0", [start], x=(0, 1), t=(0, 1)))
    assert found.narrow[0].label == "t = 0"
    assert cell(found, 0.2) < 1e-4
    assert len(found.edges[1]) == 2
