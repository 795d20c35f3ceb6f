"""What a file leaves out is chosen from the equation, and the choice is said and can be kept."""

import re
from pathlib import Path

import pytest
import torch

from pikan.planning.planner import complete
from pikan.problem.classification import is_evolution, linear
from pikan.run import solve_to_end
from pikan.spec import reader, writer
from pikan.spec.faults import SpecError
from pikan.spec.formulas import problem
from pikan.spec.networks import KANSettings, MLPSettings, ProductSettings
from pikan.spec.stages.climb import ClimbStage
from pikan.spec.stages.elements import ElementsStage
from pikan.spec.stages.march import MarchStage
from tests.stated import spec, stated

POISSON = """
domain: {x: [-1, 1], y: [-1, 1]}
unknowns: [u]
equations: [laplacian(u) = -2*pi^2*sin(pi*x)*sin(pi*y)]
conditions: [{where: boundary, that: u = 0}]
"""
HEAT = """
domain: {x: [0, 1], t: [0, 1]}
unknowns: [u]
equations: [u_t = 0.1*u_xx]
conditions: [{where: t = 0, that: u = sin(pi*x)}, {where: boundary, that: u = 0}]
"""
BURGERS = HEAT.replace("u_t =", "u_t + u*u_x =")
STEADY = POISSON.replace("laplacian(u)", "laplacian(u) + u^2")
PLANE = """
domain: {x: [0, 1], t: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [u_t = laplacian(u) + u^2]
conditions: [{where: t = 0, that: u = 0}, {where: boundary, that: u = 0}]
"""
MANY = """
domain: {a: [0, 1], b: [0, 1], c: [0, 1], d: [0, 1], f: [0, 1]}
unknowns: [u]
equations: [laplacian(u) = 0]
conditions: [{where: boundary, that: u = a*b + c}]
"""
ALONE = """
domain: {t: [0, 1]}
unknowns: [y]
equations: [y_t = -y^2]
conditions: [{where: t = 0, that: y = 1}]
"""
WAVES = "{where: t = 0, that: u = 0}, {where: t = 0, that: u_t = 0}"
PARTIAL = {
    "kan": "{kind: kan}",
    "chebyshev kan": "{kind: kan, basis: chebyshev}",
    "mixed kan": "{kind: kan, width: [2, 4, 1], basis: [bspline, legendre], grid: 5}",
    "ridge": "{kind: kan, start: ridge}",
    "mlp": "{kind: mlp}",
    "product": "{kind: product, degree: 6}",
    "spline product": "{kind: product, basis: bspline}",
    "mixed product": "{kind: product, basis: [bspline, chebyshev]}",
    "low rank": "{kind: product, rank: 3}",
    "windows": "{kind: kan, windows: 2}",
}
TEXTS = {
    "linear": POISSON,
    "evolution, linear": HEAT,
    "evolution, nonlinear": BURGERS,
    "steady, nonlinear": STEADY,
    "plane": PLANE,
    "many coordinates": MANY,
    "no space": ALONE,
} | {name: f"{HEAT}network: {network}\n" for name, network in PARTIAL.items()}


def chosen(text, **settings):
    given = spec(text, **settings)
    return complete(given, problem(given))


@pytest.mark.parametrize(("text", "accuracy"), [(POISSON, 1e-12), (HEAT, 1e-12), (STEADY, 1e-10)])
def test_linear_and_steady_problems_climb(text, accuracy):
    found, (reason,) = chosen(text)
    assert isinstance(found.training[0], ClimbStage)
    assert (found.network.rank, found.network.basis) == ("full", "chebyshev")
    assert found.accuracy == accuracy
    assert reason.startswith("linear" if linear(stated(text)) else "nonlinear")


def test_the_reason_names_the_polynomials_of_every_coordinate():
    network = "network: {kind: product, basis: [legendre, chebyshev]}\ntraining: [{climb: {}}]\n"
    _, (reason,) = chosen(POISSON + network)
    assert "all products of Legendre and Chebyshev polynomials" in reason


@pytest.mark.parametrize(
    ("text", "basis"),
    [
        (BURGERS, ("bspline", "chebyshev")),
        (ALONE, ("chebyshev",)),
        (PLANE, ("chebyshev", "chebyshev", "chebyshev")),
        (BURGERS.replace("x: [0, 1], t: [0, 1]", "t: [0, 1], x: [0, 1]"), ("chebyshev", "bspline")),
    ],
)
def test_nonlinear_evolution_marches(text, basis):
    found, (reason,) = chosen(text)
    assert isinstance(found.training[0], MarchStage)
    assert found.network.basis == basis
    assert "time-marching" in reason


def test_a_rate_in_the_plane_of_second_order_climbs():
    moved = PLANE.replace("u_t = ", "u_tt = ").replace("{where: t = 0, that: u = 0}", WAVES)
    assert isinstance(chosen(moved)[0].training[0], ClimbStage)


def test_many_coordinates_take_sums_of_products_that_grow():
    found, reasons = chosen(MANY)
    assert (found.network.basis, found.network.rank) == ("chebyshev", None)
    assert isinstance(found.training[0], ClimbStage)
    assert reasons[0].startswith("5 coordinates")


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        (HEAT, True),
        (ALONE, True),
        (POISSON, False),
        (HEAT.replace("t = 0,", "t = 1,"), False),
        (HEAT.replace("where: t = 0,", "where: [t = 0, t = 1],"), False),
        (HEAT.replace("{where: t = 0, that: u = sin(pi*x)}, ", ""), False),
        (HEAT.replace("u_t = 0.1*u_xx", "u*u_x = t"), False),
        (HEAT.replace("t: [0, 1]", "t: [2, 3]").replace("t = 0,", "t = 2,"), True),
    ],
)
def test_evolution_starts_at_the_first_moment_and_has_no_other(text, starts):
    assert is_evolution(stated(text)) == starts


def test_what_the_file_says_is_kept():
    text = HEAT + "accuracy: 1e-3\nnetwork: {kind: product, degree: [5, 4]}\n"
    found, _ = chosen(text + "training: [climb: {largest: 99}]\n")
    assert found.accuracy == 1e-3
    assert found.network.degree == (5, 4)
    assert found.training[0].climb.largest == 99
    by_hand, _ = chosen(HEAT + "network: {kind: kan, width: [2, 5, 1], degree: 4}\nseed: 7\n")
    assert (by_hand.network.width, by_hand.network.degree, by_hand.seed) == ((2, 5, 1), 4, 7)


@pytest.mark.parametrize("name", PARTIAL)
def test_everything_is_chosen(name):
    found, reasons = chosen(TEXTS[name])
    kinds = {
        KANSettings: ("width", "basis", "degree", "base", "start", "squash"),
        MLPSettings: ("width",),
    }
    kinds[ProductSettings] = ("rank", "basis", "degree")
    for key in kinds[type(found.network)]:
        assert getattr(found.network, key) is not None
    assert found.training
    assert found.sampling.interior.points is not None
    assert found.sampling.faces.method is not None
    assert any(reason.startswith("training: ") for reason in reasons)


def test_what_one_solve_finds_is_solved_at_once():
    for name, stage in {
        "product": "least_squares",
        "ridge": "least_squares",
        "low rank": "gauss_newton",
        "mlp": "adam",
        "kan": "gauss_newton",
        "windows": "adam",
    }.items():
        found, _ = chosen(TEXTS[name])
        assert next(iter(found.training[0].model_dump())) == stage
    nonlinear, _ = chosen(BURGERS + "network: {kind: kan, start: ridge}\n")
    assert next(iter(nonlinear.training[0].model_dump())) == "gauss_newton"


def test_conditions_count_more_unless_the_file_weighs_them():
    assert chosen(TEXTS["mlp"])[0].weights == {"conditions": 100.0}
    weighed, _ = chosen(TEXTS["mlp"] + "weights: {boundary: 3}\n")
    assert weighed.weights == {"boundary": 3.0}
    equation, _ = chosen(TEXTS["mlp"] + "weights: {equation: 3}\n")
    assert equation.weights == {"equation": 3.0, "conditions": 100.0}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_choosing_again_changes_nothing(text):
    found, _ = chosen(text)
    again, reasons = complete(found, problem(found))
    assert again == found
    if not isinstance(found.training[0], ClimbStage | MarchStage):
        assert reasons == ()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_was_chosen_reads_back_from_its_own_file(text):
    found, _ = chosen(text)
    assert reader.parse_spec(writer.dump(found), "case.yaml", Path()) == found


SHOCK = BURGERS.replace("u_xx", "nu*u_xx") + "constants: {nu: 1e-3}\n"


def test_a_kan_without_more_takes_the_recipe_of_deep_kans_and_says_so():
    found, reasons = chosen(HEAT + "network: {kind: kan}\n")
    assert found.network.conditions == "built_in"
    assert found.network.start == "decaying"
    assert [stage.word() for stage in found.training] == ["gauss_newton"]
    assert found.weights == {}
    assert any("built in" in reason for reason in reasons)
    assert any("deep KAN" in reason for reason in reasons)


def test_a_small_constant_before_the_highest_derivatives_is_continued_in():
    found, _ = chosen(SHOCK + "network: {kind: kan}\n")
    assert [one.word() for one in found.training] == ["continuation"] + ["gauss_newton"] * 2
    assert found.training[0].continuation.constant == "nu"
    assert found.training[1].gauss_newton.redraw is not None
    large, _ = chosen(SHOCK.replace("1e-3", "1.0") + "network: {kind: kan}\n")
    assert [one.word() for one in large.training] == ["gauss_newton"]


def test_conditions_that_cannot_be_built_in_are_rows_and_the_file_is_told():
    apart = HEAT.replace("that: u = 0}", "that: u = 1}")
    _, reasons = chosen(apart + "network: {kind: mlp, conditions: built_in}\n")
    assert any("'boundary' is not built in" in reason for reason in reasons)


SHORT = "{interior: {method: sobol, points: 32}, faces: {method: uniform, points: 8}}"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {
            "accuracy": 1e-2,
            "equations": "[u_t + u*u_x = u_xx]",
            "domain": "{x: [0, 1], t: [0, 0.1]}",
        },
        {"network": "{kind: kan}", "training": "[adam: {steps: 3}]", "sampling": SHORT},
        {
            "network": "{kind: product, rank: 2, degree: 4}",
            "sampling": SHORT,
            "training": "[gauss_newton: {steps: 3}]",
            "seed": 3,
        },
    ],
)
def test_the_file_of_a_solution_gives_the_same_solution_bit_by_bit(settings):
    solution = solve_to_end(spec(HEAT, **settings))
    again = solve_to_end(reader.parse_spec(solution.spec, "again.yaml", Path()))
    points = torch.rand(64, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.equal(solution.network(points), again.network(points))
    assert again.spec == solution.spec


@pytest.mark.parametrize(
    ("network", "training", "told"),
    [
        ("{kind: product, degree: 8}", "[refine: {degree: 4}]", "0.refine.degree: got 4"),
        ("{kind: kan, basis: chebyshev}", "[refine: {degree: 7}]", "0.refine.degree: got 7"),
        ("{kind: kan, grid: 6}", "[refine: {grid: 9}, refine: {grid: 8}]", "1.refine.grid: got 8"),
        ("{kind: kan}", "[refine: {grid: 7}]", "0.refine.grid: got 7, needs at least 8, which"),
        (
            "{kind: kan, grid: 4}",
            "[refine: {degree: 4}, refine: {grid: 6}]",
            "1.refine.grid: got 6, needs at least 7",
        ),
        ("{kind: product, rank: 3}", "[refine: {rank: 2}]", "0.refine.rank: got 2"),
    ],
)
def test_a_refinement_that_would_shrink_is_refused_before_anything_is_trained(
    network, training, told
):
    given = spec(POISSON, network=network, training=training)
    with pytest.raises(SpecError, match=re.escape(f"training.{told}")):
        complete(given, problem(given))


def stages(text):
    given = spec(text)
    return [type(stage) for stage in complete(given, problem(given))[0].training]


def test_what_is_narrow_or_does_not_fit_goes_by_cells_and_steps():
    assert stages(HEAT.replace("u_xx]", "u_xx + exp(-((t - 0.3)/1e-4)^2)]")) == [ElementsStage]
    # The start is one where the conditions at the ends ask for zero.
    assert stages(HEAT.replace("u = sin(pi*x)}", "u = 1}")) == [ElementsStage]
    assert stages(HEAT.replace("u = sin(pi*x)}", "'u = minimum(x, 1 - x)'}")) == [ElementsStage]
    assert stages(ALONE.replace("[y_t = -y^2]", "[y_t = -1e4*y^2]")) == [ElementsStage]
    assert stages(ALONE.replace("-y^2", "-y")) == [ClimbStage, ElementsStage]
    # Transport moves what jumps, and does not wear it out: along lines where its speed is constant.
    moved = HEAT.replace("0.1*u_xx", "-u_x").replace("where: boundary", "where: x = 0")
    assert stages(moved.replace("u = sin(pi*x)}", "u = 1}")) == [ElementsStage]
    curved = moved.replace("-u_x", "-(1 + x)*u_x").replace("u = sin(pi*x)}", "u = 1}")
    assert stages(curved) == [ClimbStage]


def test_waves_that_bend_or_may_come_to_bend_go_along_characteristics():
    wave = HEAT.replace("u_t = 0.1*u_xx", "u_tt = u_xx").replace(
        "{where: boundary", "{where: t = 0, that: u_t = 0}, {where: boundary"
    )
    assert stages(wave) == [ClimbStage, ElementsStage]
    assert stages(wave.replace("u = sin(pi*x)}", "'u = minimum(x, 1 - x)'}")) == [ElementsStage]


def test_systems_narrow_in_time_that_cells_are_not_for_are_marched():
    waves = HEAT.replace("u_t = 0.1*u_xx", "u_tt = u_xx + exp(-((t - 0.3)/1e-4)^2)")
    asked = waves.replace("{where: boundary", "{where: t = 0, that: u_t = 0}, {where: boundary")
    assert stages(asked) == [MarchStage]
    smooth = HEAT.replace("u_xx]", "u_xx + exp(-((t - 0.3)/1e-1)^2)]")
    assert stages(smooth) == [ClimbStage, ElementsStage]
