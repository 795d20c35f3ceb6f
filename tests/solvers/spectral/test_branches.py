"""Of several solutions the least bent is taken, and the others are told of."""

from math import cosh, log, sqrt

import pytest
import torch
from scipy.optimize import brentq
from scipy.special import beta

from pikan.factory import p_refinement_settings
from pikan.network.parameters import with_parameters
from pikan.network.partials import partials
from pikan.planning.planner import complete
from pikan.residuals.relative_residual import largest_relative_residual
from pikan.run import solve_to_end
from pikan.solvers.spectral.branch import Branch, in_order_of_bending
from pikan.solvers.spectral.branches import _levels, branches
from pikan.solvers.spectral.initial import extended_start
from pikan.solvers.spectral.linear_extension import shorten, strengthen
from pikan.spec.stages.climb import ClimbSettings
from tests.stated import drawn, evenly, finish, fitted, product, spec, stated


def flow(equation, end):
    """A boundary layer on [0, end] with f' = 1 far from the wall."""
    return f"""
domain: {{x: [0, {end}]}}
unknowns: [f]
equations: ["{equation}"]
conditions:
  - {{where: x = 0, that: f = 0}}
  - {{where: x = 0, that: f_x = 0}}
  - {{where: x = {end}, that: f_x = 1}}
"""


def clamped(equation, left="u = 0", right="u = 0"):
    """An equation on [0, 1] with one condition at each end."""
    return f"""
domain: {{x: [0, 1]}}
unknowns: [u]
equations: ["{equation}"]
conditions: [{{where: x = 0, that: "{left}"}}, {{where: x = 1, that: "{right}"}}]
"""


# f''(0), for the half line by series and shooting in the literature: each digit holds on these too.
WALLS = {
    "Blasius": (flow("f_xxx + f*f_xx = 0", 10), 0.46959998836),
}
# By shooting, on these lengths.
REVERSED = {
    "nearly separated": ("-0.18", 10, 0.128636221, -0.097692060),
    "at a great distance": ("-0.1", 16, 0.31926976, -0.1405462),
    "at separation": ("-0.195", 12, 0.055171797, -0.04896707),
}
MORE_WALLS = {
    "Hiemenz": (flow("f_xxx + f*f_xx - f_x^2 + 1 = 0", 10), 1.23258765682),
    "Falkner and Skan, slowed": (flow("f_xxx + f*f_xx - 0.1*(1 - f_x^2) = 0", 8), 0.3192697599),
    "Blasius on twice the length": (flow("f_xxx + f*f_xx = 0", 20), 0.46959998836),
    "Falkner and Skan": (flow("f_xxx + f*f_xx + 0.5*(1 - f_x^2) = 0", 8), 0.92768003984),
    "Falkner and Skan, accelerated": (flow("f_xxx + f*f_xx + 2*(1 - f_x^2) = 0", 6), 1.687218169),
}


@pytest.mark.parametrize(
    ("text", "wall"),
    [
        *(pytest.param(*case, id=k) for k, case in WALLS.items()),
        *(
            pytest.param(*case, id=name, marks=pytest.mark.slow)
            for name, case in MORE_WALLS.items()
        ),
    ],
)
def test_boundary_layers_are_those_without_reversed_flow(text, wall):
    solution = solve_to_end(spec(text))
    assert solution.outcome.kind == "converged"
    assert float(solution.partial("f_xx", x=0.0)) == pytest.approx(wall, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("slowing", "length", "forward", "reverse"), REVERSED.values(), ids=REVERSED
)
def test_of_slowed_flows_the_forward_one_is_taken_and_the_reversed_one_named(
    slowing, length, forward, reverse
):
    text = flow(f"f_xxx + f*f_xx + {slowing}*(1 - f_x^2) = 0", length)
    found = [one.network for one in searched(stated(text), text).found]
    wall = torch.zeros(1, 1, dtype=torch.float64)
    with torch.no_grad():
        walls = [float(partials(one, wall, {(2,)})[(2,)][0, 0]) for one in found]
    assert walls[0] == pytest.approx(forward, abs=2e-3)
    assert any(one == pytest.approx(reverse, abs=2e-3) for one in walls[1:])


def test_where_coefficients_run_out_the_outcome_still_names_the_key_that_gives_more():
    text = clamped("u_xx + 4*exp(u) = 0") + "training: [climb: {largest: 12}]\n"
    solution = solve_to_end(spec(text))
    assert solution.outcome.kind == "out of budget"
    assert "'largest' allows 12" in solution.outcome.message


def bratu_middles(strength):
    """u(1/2) = 2 log cosh(θ/4) of both solutions, with θ = sqrt(2 λ) cosh(θ/4)."""
    gap = lambda theta: theta - sqrt(2 * strength) * cosh(theta / 4)  # noqa: E731
    turn = brentq(lambda theta: theta / 4 * torch.tanh(torch.tensor(theta / 4)).item() - 1, 1, 9)
    return [2 * log(cosh(brentq(gap, *ends) / 4)) for ends in ((0, turn), (turn, 40))]


@pytest.mark.parametrize("strength", [1, 3.5, 3.5138])
def test_both_solutions_of_bratus_problem_are_found_and_the_lower_is_taken(strength):
    solution = solve_to_end(spec(clamped(f"u_xx + {strength}*exp(u) = 0")))
    lower, upper = bratu_middles(strength)
    assert solution.outcome.kind == "converged"
    assert float(solution(x=0.5)) == pytest.approx(lower, rel=1e-9)
    (other,) = solution.report.alternatives
    assert other.middle["u"] == pytest.approx(upper, rel=1e-3)
    assert "2 solutions" in solution.outcome.message


def test_a_mirrored_problem_has_the_mirrored_solution():
    solution = solve_to_end(spec(clamped("u_xx = exp(-u)")))
    assert float(solution(x=0.5)) == pytest.approx(-bratu_middles(1)[0], rel=1e-9)
    (other,) = solution.report.alternatives
    assert other.middle["u"] == pytest.approx(-bratu_middles(1)[1], rel=1e-3)


def test_where_no_start_leads_to_a_solution_nothing_is_claimed():
    solution = solve_to_end(spec(clamped("u_xx + 4*exp(u) = 0")))
    assert solution.outcome.kind == "stalled"
    assert solution.report.estimate is None
    assert "no solution was found" in solution.outcome.message
    factor = float(solution.outcome.message.partition("multiplied by ")[2].split()[0])
    # With the derivatives times q it is the problem of strength 4/q, which ends at 3.513830719.
    assert factor == pytest.approx(4 / 3.513830719, rel=0.02)


def test_a_problem_with_one_solution_has_no_alternatives():
    solution = solve_to_end(spec(clamped("u_xx = u^3", "u = 1", "u = 2")))
    assert solution.outcome.kind == "converged"
    assert solution.report.alternatives == ()
    assert "solutions" not in solution.outcome.message


def test_a_root_is_solved_from_where_it_has_a_derivative():
    solution = solve_to_end(spec(clamped("u_xx + sqrt(u) = 0"), accuracy=1e-6))
    # The energy integral: 1/2 = M^(1/4) sqrt(3/4) ∫ ds/sqrt(1 - s^1.5) over [0, 1].
    middle = (0.5 / (sqrt(0.75) * beta(2 / 3, 1 / 2) / 1.5)) ** 4
    assert float(solution(x=0.5)) == pytest.approx(middle, rel=1e-5)


SYSTEMS = {
    "a disk that turns": (
        """
domain: {x: [0, 10]}
unknowns: [h, g]
equations: [h_xxx - h*h_xx + 0.5*h_x^2 - 2*g^2 = 0, g_xx - h*g_x + g*h_x = 0]
conditions:
  - {where: x = 0, that: h = 0}
  - {where: x = 0, that: h_x = 0}
  - {where: x = 0, that: g = 1}
  - {where: x = 10, that: h_x = 0}
  - {where: x = 10, that: g = 0}
""",
        ("g_x", -0.6159),
    ),
    "a wall that is warm": (
        """
domain: {x: [0, 8]}
unknowns: [f, T]
equations: [f_xxx + 3*f*f_xx - 2*f_x^2 + T = 0, T_xx + 2.16*f*T_x = 0]
conditions:
  - {where: x = 0, that: f = 0}
  - {where: x = 0, that: f_x = 0}
  - {where: x = 0, that: T = 1}
  - {where: x = 8, that: f_x = 0}
  - {where: x = 8, that: T = 0}
""",
        ("f_xx", 0.6760),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("text", "known"), SYSTEMS.values(), ids=SYSTEMS)
def test_systems_on_a_half_line_have_the_solution_of_the_literature(text, known):
    solution = solve_to_end(spec(text))
    name, value = known
    assert solution.outcome.kind == "converged"
    # Tables give four digits.
    assert float(solution.partial(name, x=0.0)) == pytest.approx(value, abs=6e-5)


def searched(problem, text):
    """What `branches` finds for a problem in a text."""
    completed, _ = complete(spec(text), problem)
    climb = completed.training[0].climb
    return finish(branches(problem, p_refinement_settings(completed, problem, climb)))[1]


def test_both_solutions_in_a_square_are_found_and_the_lower_comes_first():
    text = """
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [laplacian(u) + 6*exp(u) = 0]
conditions: [{where: boundary, that: u = 0}]
"""
    found = searched(stated(text), text).found
    middles = [one.network(one.network.center[None]).item() for one in found]
    # By finite differences of fourth order on 129 x 129 points.
    assert middles == pytest.approx([0.79710, 2.2399], rel=1e-3)


@pytest.mark.parametrize(
    "text",
    [
        clamped("u_xx = u"),
        """
domain: {t: [0, 1]}
unknowns: [y]
equations: [y_t = y^2]
conditions: [{where: t = 0, that: y = 0.1}]
""",
    ],
)
def test_linear_and_evolving_problems_have_one_solution_and_others_are_not_looked_for(text):
    problem = stated(text)
    made = spec(text, training="[climb]", network="{kind: product}")
    completed, _ = complete(made, problem)
    (stage,) = completed.training
    events, found = finish(
        branches(problem, p_refinement_settings(completed, problem, stage.climb))
    )
    assert (events, found.found, found.searched) == ([], (), False)


EXPONENTIAL = """
domain: {x: [1, 3], y: [0, 2]}
unknowns: [u]
equations: [u_xx + u*u_yy + x*y*u^2 = exp(x) + x*y*exp(2*x)]
conditions:
  - {where: x = 1, that: u_n + u^2 = exp(2*x) - exp(x)}
  - {where: y = 2, that: u = exp(x)}
exact: {u: exp(x)}
"""


def test_a_family_ends_in_the_problem_itself():
    problem = stated(EXPONENTIAL)
    network, points = fitted(problem, 14), evenly(drawn(problem).interior)
    for family in (strengthen, shorten):
        assert largest_relative_residual(family(problem, 1.0), network, points).relative < 1e-9


def test_a_shorter_domain_is_the_part_at_the_lower_end():
    problem = stated(EXPONENTIAL)
    moved = stated(EXPONENTIAL.replace("exact: {u: exp(x)}", "exact: {u: exp(1 + (x - 1)/4)}"))
    network, points = fitted(moved, 14), evenly(drawn(problem).interior)
    assert largest_relative_residual(shorten(problem, 4.0), network, points).relative < 1e-9


def test_the_first_start_is_the_polynomial_of_least_degree():
    problem = stated(flow("f_xxx + f*f_xx = 0", 10))
    network = product(problem, 12)
    start = with_parameters(network, extended_start(problem, network))
    x = torch.linspace(0.0, 10.0, 11, dtype=torch.float64)[:, None]
    torch.testing.assert_close(start(x), x**2 / 20, rtol=0, atol=1e-9)


def test_the_first_start_in_a_square_is_harmonic():
    problem = stated("""
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [laplacian(u) = u^3]
conditions: [{where: boundary, that: u = exp(x)*cos(y)}]
""")
    network = product(problem, 12)
    start = with_parameters(network, extended_start(problem, network))
    points = drawn(problem).interior
    expected = torch.exp(points[:, :1]) * torch.cos(points[:, 1:])
    torch.testing.assert_close(start(points), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("domain", "unknowns", "degrees"),
    [
        ("{x: [0, 1]}", "[u]", [(16,), (32,), (64,)]),
        ("{x: [0, 1], y: [0, 1]}", "[u]", [(8, 8), (16, 16)]),
        # 2 x 81 coefficients, then 2 x 289, which are too many.
        ("{x: [0, 1], y: [0, 1]}", "[u, v]", [(8, 8)]),
        ("{x: [0, 1], y: [0, 1], z: [0, 1]}", "[u]", []),
    ],
)
def test_solutions_are_looked_for_on_few_coefficients(domain, unknowns, degrees):
    names = unknowns.strip("[]").split(", ")
    equations = ", ".join(f"laplacian({name}) = {name}^2" for name in names)
    conditions = ", ".join(f"{{where: boundary, that: {name} = 0}}" for name in names)
    text = f"""
domain: {domain}
unknowns: {unknowns}
equations: [{equations}]
conditions: [{conditions}]
"""
    problem = stated(text)
    completed, _ = complete(spec(text), problem)
    settings = p_refinement_settings(completed, problem, ClimbSettings())
    assert list(_levels(problem, settings)) == degrees


def branch(name, *bending):
    return Branch(product(PLAIN, 1), torch.zeros(2, 1), name, torch.tensor(bending))


PLAIN = stated("""
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_xx = u^2]
conditions: [{where: boundary, that: u = 0}]
""")


def test_the_least_bent_solution_comes_first_and_of_equal_ones_that_found_first():
    def order(*found):
        return [one.start for one in in_order_of_bending(found)]

    assert order() == []
    assert order(branch("a", 3.0), branch("b", 1.0), branch("c", 2.0)) == ["b", "a", "c"]
    assert order(branch("a", 1.0005), branch("b", 1.0), branch("c", 2.0)) == ["a", "b", "c"]
    # Each unknown counts in parts of its largest: 1 and 1/2 against 1/2 and 1.
    pair = branch("a", 100.0, 1.0), branch("b", 50.0, 1.9)
    assert order(*pair) == ["b", "a"]
    assert order(*pair[::-1]) == ["b", "a"]
