"""What keeps a problem from having one smooth solution is noted before any training."""

import re

import numpy as np
import pytest

from pikan.problem.wellposed.notes import notes
from tests.stated import stated

SQUARE = "{x: [0, 1], y: [0, 1]}"
MOMENTS = "{x: [-1, 1], t: [0, 1]}"
START = "where: t = 0, that: u = 0"
FLOW = [
    "u*u_x + v*u_y = -p_x + 0.01*laplacian(u)",
    "u*v_x + v*v_y = -p_y + 0.01*laplacian(v)",
    "u_x + v_y = 0",
]
WALLS = ["where: boundary, that: u = 0", "where: boundary, that: v = 0"]
ELASTIC = ["2*u_xx + u_yy + v_xy = 0", "2*v_yy + v_xx + u_xy = 0"]
FREE = [
    "where: [x = 0, x = 1], that: u_x = 0",
    "where: boundary, that: u_y + v_x = 0",
    "where: [y = 0, y = 1], that: v_y = 0",
]


def noted(domain, equations, *conditions):
    """The notes on a problem of as many unknowns as it has equations."""
    listed = "".join(f"  - {equation}\n" for equation in equations)
    held = "".join(f"  - {{{condition}}}\n" for condition in conditions)
    unknowns = "[u, v, p]" if len(equations) == 3 else "[u, v]" if len(equations) == 2 else "[u]"
    text = f"domain: {domain}\nunknowns: {unknowns}\nequations:\n{listed}conditions:\n{held}"
    return notes(stated(text))


@pytest.mark.parametrize(
    ("domain", "equations", "conditions"),
    [
        (SQUARE, ["laplacian(u) = 1"], ["where: boundary, that: u = 0"]),
        (SQUARE, ["laplacian(u) = 1"], ["where: boundary, that: u + u_n = 0"]),
        (
            SQUARE,
            ["laplacian(u) = 1"],
            ["where: boundary, that: u_n = 1/4", "where: 'x = 0, y = 0', that: u = 0"],
        ),
        (SQUARE, ["laplacian(u) + u = 1"], ["where: boundary, that: u_n = 0"]),
        (
            SQUARE,
            ["u_x + 2*u_y = 0"],
            ["where: x = 0, that: u = sin(y)", "where: y = 0, that: u = 0*x"],
        ),
        (SQUARE, FLOW, [*WALLS, "where: 'x = 0, y = 0', that: p = 0"]),
        ("{x: [0, 1]}", ["u_xx = 1"], ["where: x = 0, that: u = 0", "where: x = 0, that: u_x = 0"]),
        ("{x: [0, 1]}", ["u_xx = 1"], ["where: x = 0, that: u = 0", "where: x = 0.5, that: u = 0"]),
        ("{x: [0, 1]}", ["u_x = v", "v = 2*u + x"], ["where: x = 0, that: u = 0"]),
        (MOMENTS, ["u_t + u_xxx = 0"], [START, "periodic: x"]),
        (
            MOMENTS,
            ["u_t = u_xx/(2 + x) + log(x + 1.1) + u/exp(-50*x)"],
            [START, "where: boundary, that: u = 0"],
        ),
        (
            MOMENTS,
            ["u_t = u_xx"],
            ["where: t = 0, that: u = sin(pi*x)", "where: boundary, that: u = 0"],
        ),
        (
            MOMENTS,
            ["u_t = u_xx"],
            [
                "where: t = 0, that: u = x",
                "where: x = -1, that: u = -1",
                "where: x = 1, that: u_x = 1",
            ],
        ),
    ],
)
def test_nothing_is_noted_of_a_problem_with_one_smooth_solution(domain, equations, conditions):
    assert noted(domain, equations, *conditions) == ()


def test_conditions_in_time_that_may_be_missing_are_noted():
    ends, speed = "where: boundary, that: u = 0", "where: t = 0, that: u_t = 0"
    assert noted(MOMENTS, ["u_t = u_xx"], ends, START) == ()
    (said,) = noted(MOMENTS, ["u_t = u_xx"], ends)
    assert said.startswith("u_t is of order 1 in t: u needs 1 condition at one t, for example")
    (said,) = noted(MOMENTS, ["u_tt = u_xx"], ends, START)
    assert said.endswith("there is 1")
    assert noted(MOMENTS, ["u_tt = u_xx"], ends, START, speed) == ()
    assert noted(MOMENTS, ["u_t = u_xx"], ends, "periodic: t") == ()


@pytest.mark.parametrize(
    ("domain", "equations", "conditions", "told"),
    [
        (
            "{x: [0, 1]}",
            ["u_xx + u = 1"],
            ["where: x = 0, that: u = 0"],
            "2 conditions across x, on x = 0 and x = 1; there is 1",
        ),
        (
            SQUARE,
            ["laplacian(u) = 1"],
            ["where: [x = 0, x = 1], that: u = 0"],
            "2 conditions across y, on y = 0 and y = 1; there are none",
        ),
        (
            MOMENTS,
            ["u_t + u_x = 0"],
            [START],
            "1 condition across x, on x = -1 and x = 1; there are none",
        ),
        (
            SQUARE,
            FLOW,
            [WALLS[0], "where: x = 0, that: v = 0", "where: 'x = 0, y = 0', that: p = 0"],
            "4 conditions across x, on x = 0 and x = 1; there are 3",
        ),
    ],
)
def test_too_few_conditions_in_space_are_noted(domain, equations, conditions, told):
    assert any(told in note for note in noted(domain, equations, *conditions))


@pytest.mark.parametrize(
    ("domain", "equations", "conditions", "told"),
    [
        (
            SQUARE,
            ["laplacian(u) = 1"],
            ["where: boundary, that: u_n = 0"],
            "with u also u + c solves",
        ),
        (SQUARE, FLOW, WALLS, "with p also p + c solves the problem"),
        ("{x: [0, 1]}", ["u_xx = sin(2*pi*x)"], ["periodic: x"], "with u also u + c solves"),
        ("{x: [0, 1]}", ["u_xx = 1"], ["where: x = 0, that: u = 0"], "with u also u + c*x solves"),
        (
            "{x: [0, 1]}",
            ["u_xx + v_xx = 1", "u_xx - v_xx = u + v"],
            ["where: boundary, that: u + v = 0"],
            "with u and v also u + c and v - c solves",
        ),
        (SQUARE, ELASTIC, FREE, "with u and v also u + c*y and v - c*x solves"),
    ],
)
def test_what_no_equation_and_no_condition_sees_is_noted(domain, equations, conditions, told):
    assert any(told in note for note in noted(domain, equations, *conditions))


# LAPACK is free to choose a basis of a null space: its signs, and every rotation.
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("domain", "equations", "conditions"),
    [
        ("{x: [0, 1]}", ["u_xx + v_xx = 1", "u_x + v_x = 1"], ["where: x = 0, that: u + v = 0"]),
        (SQUARE, ELASTIC, FREE),
        (
            SQUARE,
            ["u_xx - v_xx = p_y", "u_x + v_x + 2*p_x = 0", "u_y + v_y + 2*p_y = 1"],
            ["where: x = 0, that: u + v + 2*p = 0"],
        ),
    ],
)
def test_what_is_free_is_told_alike_whatever_basis_describes_it(
    monkeypatch, domain, equations, conditions, seed
):
    told = noted(domain, equations, *conditions)
    assert any("solution is not unique" in note for note in told)

    def turned(matrix, full_matrices, svd=np.linalg.svd):
        others, values, vectors = svd(matrix, full_matrices=full_matrices)
        null = np.append(values, [0.0] * (matrix.shape[1] - len(values))) < 1e-9
        random = np.random.default_rng(seed).normal(size=(null.sum(), null.sum()))
        vectors[null] = np.linalg.qr(random)[0] @ vectors[null]
        return others, values, vectors

    monkeypatch.setattr("pikan.linalg.null_space.np.linalg.svd", turned)
    assert noted(domain, equations, *conditions) == told


def test_the_remedy_for_a_free_constant_is_one():
    walls = "where: boundary, that: u_n = 1/4"
    (said,) = noted(SQUARE, ["laplacian(u) = 1"], walls)
    assert said.endswith("add a condition, such as {where: 'x = 0, y = 0', that: u = 0}")
    assert noted(SQUARE, ["laplacian(u) = 1"], walls, "where: 'x = 0, y = 0', that: u = 0") == ()


def test_values_that_differ_where_faces_meet_are_noted():
    lid = ["where: y = 1, that: u = 1", "where: [x = 0, x = 1, y = 0], that: u = 0"]
    (said,) = noted(SQUARE, ["laplacian(u) = 0"], *lid)
    assert said.startswith("u jumps at 'x = 0, y = 1': 'y = 1' gives 1 there, 'x = 0 and")
    assert said.endswith("gives 0; no smooth solution has both")


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ("u_x/x", "'1/x' in 'equation' has no value at x = 0, a point of the domain"),
        ("u/(x - 0.3)^2", "at x = 0.3,"),
        ("(x + 1)^-1*u", "at x = -1,"),
        ("log(x + 1)", "'log(x + 1)' in 'equation' has no value at x = -1,"),
        ("tan(pi*x)", "at x = 0.5,"),
        ("u/((x - 0.25)^2 + (t - 0.5)^2)", "at x = 0.25, t = 0.5,"),
        ("u/sqrt(x + 1)", "at x = -1,"),
    ],
)
def test_a_point_at_which_an_equation_is_infinite_is_noted_with_its_place(part, place):
    ends = "where: boundary, that: u = 0"
    (said,) = noted(MOMENTS, [f"u_t = u_xx + {part}"], START, ends)
    assert place in said.replace("x = -0.5", "x = 0.5")
    assert said.endswith("choose the domain beside it, or multiply by what is 0 there")


@pytest.mark.parametrize(
    ("start", "ends", "place", "left"),
    [
        ("u = 1", "u_n = -u", "x = -1, t = 0", "1"),
        ("u = x^2", "u_n = 0", "x = -1, t = 0", "2"),
        ("u = 0", "u_n = 3*cos(t)", "x = -1, t = 0", "3"),
        ("u = x^2", "u_n = 2*cos(t)", "", ""),
        ("u = cos(pi*x)", "u_n = 0", "", ""),
        ("u = exp(x)", "2*u_x = u + exp(x)", "", ""),
    ],
)
def test_a_slope_of_the_start_that_a_condition_does_not_meet_is_noted(start, ends, place, left):
    said = noted(
        MOMENTS, ["u_t = u_xx"], f"where: t = 0, that: {start}", f"where: boundary, that: {ends}"
    )
    assert len(said) == bool(place)
    assert all(one.startswith(f"a slope of u jumps at '{place}'") for one in said)
    assert all(f"left with {left};" in one for one in said)


def test_a_speed_that_the_ends_do_not_have_is_noted():
    start, ends = "where: t = 0, that: u = 0", "where: boundary, that: u = sin(2*t)"
    at_rest = noted(MOMENTS, ["u_tt = u_xx"], start, ends, "where: t = 0, that: u_t = 0")
    assert [one[:34] for one in at_rest] == ["a slope of u jumps at 'x = -1, t ="]
    assert noted(MOMENTS, ["u_tt = u_xx"], start, ends, "where: t = 0, that: u_t = 2") == ()


@pytest.mark.parametrize(
    ("start", "whose"),
    [("x", ["u"]), ("x^2", ["u_x"]), ("sin(pi*x)", []), ("x^2*(2 - x^2)", [])],
)
def test_a_start_that_does_not_repeat_is_noted_where_its_coordinate_does(start, whose):
    said = noted(MOMENTS, ["u_t = u_xx"], f"where: t = 0, that: u = {start}", "periodic: x")
    assert [one.partition(" jumps between the ends of x")[0] for one in said] == whose


@pytest.mark.parametrize(
    ("domain", "equation", "flux", "left"),
    [
        (SQUARE, "laplacian(u) = 1", "u_n = 0", "1"),
        (SQUARE, "3*laplacian(u) = 1", "u_n = 1/12", ""),
        (SQUARE, "3*laplacian(u) = 1", "2*u_n = 1/6 + x - 1/2", ""),
        (SQUARE, "-laplacian(u) = cos(pi*x)", "u_n = y", "2"),
        ("{x: [0, 2]}", "u_xx = x", "u_n = 1", ""),
        ("{x: [0, 2]}", "u_xx = x", "u_x = x", ""),
        ("{x: [0, 2]}", "u_xx = x", "u_x = 1", "2"),
        # No balance is asked for where the equation itself holds the level, or a side does.
        (SQUARE, "laplacian(u) = u + 1", "u_n = 0", ""),
        (SQUARE, "laplacian(u) = 1", "u_n + u = 0", ""),
    ],
)
def test_fluxes_that_do_not_balance_the_source_are_noted(domain, equation, flux, left):
    said = noted(domain, [equation], f"where: boundary, that: {flux}")
    found = [one for one in said if "do not balance" in one]
    assert len(found) == bool(left)
    assert all(f": {left} is left of 'equation'" in one for one in found)


DISC = "region: {disc: {center: [0, 0], radius: 1}}"
BETWEEN = """region:
  disc: {center: [0, 0], radius: 2}
  without: [{disc: {center: [0.5, 0], radius: 1}, name: rod}]
"""


@pytest.mark.parametrize(
    ("region", "equation", "fluxes", "left"),
    [
        (DISC, "laplacian(u) = 4", ["boundary, that: u_n = 1"], 2 * np.pi),
        (DISC, "laplacian(u) = 4", ["boundary, that: 2*u_n = 4 + n_x*x - x^2"], 0),
        (BETWEEN, "-laplacian(u) = 1", ["disc, that: u_n = 0", "rod, that: u_n = 0"], 3 * np.pi),
        (BETWEEN, "-laplacian(u) = 2", ["disc, that: u_n = -1", "rod, that: u_n = -1"], 0),
        (BETWEEN, "-laplacian(u) = 1", ["disc, that: u_n = 0", "rod, that: u = 0"], 0),
        (BETWEEN, "-laplacian(u) = 1", ["disc, for: x > 0, that: u_n = 0"], 0),
    ],
)
def test_fluxes_into_a_region_that_do_not_balance_the_source_are_noted(
    region, equation, fluxes, left
):
    listed = "".join(f"  - {{where: {one}}}\n" for one in fluxes)
    text = f"{region}\nunknowns: [u]\nequations: [{equation}]\nconditions:\n{listed}"
    if "for:" in text:
        text += "  - {where: disc, for: x < 0, that: u = 0}\n  - {where: rod, that: u_n = 0}\n"
    found = [one for one in notes(stated(text)) if "do not balance" in one]
    assert len(found) == bool(left)
    assert all(f": {left:.3g} is left of 'equation'" in one for one in found)


def test_what_is_narrow_jumps_or_bends_is_noted():
    text = """
domain: {t: [0, 10]}
unknowns: [u]
equations: ["u_t = -u + exp(-((t - 4.3)/1e-4)^2) + step(t - 7) + abs(sin(1e9*t))"]
conditions: [{where: t = 0, that: u = 1}]
"""
    said = "\n".join(notes(stated(text)))
    assert re.search(r"'exp\(.*\)' varies within .*e-05 at t = 4.3", said)
    assert "'step(t - 7)' has a jump at t = 7" in said
    assert "varies in too many places" in said


def test_kinks_and_jumps_of_unknowns_are_noted_once():
    text = """
domain: {x: [0, 1]}
unknowns: [u]
equations: ["u_xx = maximum(u - x, 0) + sqrt(u) + step(u)*maximum(u - x, 0)"]
conditions: [{where: boundary, that: u = 1}]
"""
    said = [one for one in notes(stated(text)) if "where the solution decides" in one]
    assert [one.partition(" where")[0] for one in said] == [
        "'maximum(u - x, 0)' has a kink",
        "'step(u)' has a jump",
    ]
