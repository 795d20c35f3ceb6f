"""A family is solved for all values of its parameters, and says how well."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import pikan
from pikan.problem.family import affine_parameters, member, multiplies_unknowns
from pikan.results import load
from pikan.run import continue_run, load_interrupted, solve
from pikan.solvers.parametric.nodes import Nodes, leja
from pikan.solvers.parametric.rational import rational_interpolant
from pikan.solvers.spectral.branches import branches
from pikan.solvers.spectral_elements import automatic
from pikan.spec.formulas import problem
from tests.stated import finish, spec, stated

LAYER = """
domain: {x: [0, 1]}
parameters: {eps: [0.05, 1]}
unknowns: [u]
equations: [-eps*u_xx + u_x = 1]
conditions: [{where: boundary, that: u = 0}]
exact: {u: x - (exp((x - 1)/eps) - exp(-1/eps))/(1 - exp(-1/eps))}
"""
STRING = """
domain: {x: [0, 1]}
parameters: {k: {between: [1, 8], scale: linear}}
unknowns: [u]
equations: [u_xx + k^2*u = 0]
conditions: [{where: x = 0, that: u = 0}, {where: x = 1, that: u = 1}]
exact: {u: sin(k*x)/sin(k)}
accuracy: 1e-8
"""
PLATE = """
domain: {x: [0, 1]}
parameters: {a: [-1, 2], b: [0, 1], c: [1, 1.5]}
unknowns: [u]
equations: [u_xx - c^2*u = a]
conditions: [{where: x = 0, that: u = b}, {where: x = 1, that: u_x = 0}]
exact: {u: (b + a/c^2)*cosh(c*(1 - x))/cosh(c) - a/c^2}
accuracy: 1e-7
"""
REACTION = """
domain: {x: [0, 1]}
parameters: {r: [0.5, 1]}
unknowns: [u]
equations: [-u_xx + r*u^3 = 5*x]
conditions: [{where: x = 0, that: u = 0}, {where: x = 1, that: u_x = 0}]
accuracy: 1e-3
"""
DRIVEN = """
domain: {x: [0, 1]}
parameters: {k: {between: [1, 8], scale: linear}, m: [0, 2]}
unknowns: [u]
equations: [u_xx + k^2*u = (k^2 - m^2)*cos(m*x)]
conditions: [{where: x = 0, that: u = 1}, {where: x = 1, that: u = 0}]
exact: {u: cos(m*x) - cos(m)*sin(k*x)/sin(k)}
accuracy: 1e-7
"""


def worst(solution, count=40):
    """The largest relative error of members at random parameters."""
    random = np.random.default_rng(3)
    x, errors = np.linspace(0.0, 1.0, 201), []
    answer = solution.on(x=x)
    for _ in range(count):
        values = {one.name: one.value(random.uniform(-1, 1)) for one in solution.problem.parameters}
        truth = member(solution.problem, values).exact.values(x[:, None])[:, 0]
        errors.append(np.linalg.norm(answer(**values) - truth) / np.linalg.norm(truth))
    return max(errors)


@pytest.mark.parametrize("text", [LAYER, STRING, PLATE], ids=["layer", "string", "plate"])
def test_the_worst_member_is_as_good_as_the_estimate_says(text):
    solution = pikan.solve(spec(text))
    assert solution.outcome.kind == "converged"
    assert worst(solution) <= solution.report.estimate.relative_l2
    assert solution.report.estimate.relative_l2 <= spec(text).accuracy if "accuracy" in text else 1


def test_resonances_are_rational_in_the_parameter():
    family = pikan.solve(spec(STRING)).report.family
    assert family.functions == "rational"
    # Two poles, at pi and 2 pi.
    assert family.rank < family.nodes < 40


@pytest.mark.long
def test_resonances_in_one_of_two_parameters_are_those_of_a_reduced_basis(tmp_path):
    solution = pikan.solve(spec(DRIVEN))
    family = solution.report.family
    assert solution.outcome.kind == "converged"
    # No polynomial has poles, which nodes would go on after; sums of few members have them.
    assert family.functions == "reduced"
    assert family.rank < 40
    assert family.nodes < 120
    assert worst(solution, 200) <= solution.report.estimate.relative_l2
    x, step = np.linspace(0.1, 0.9, 5), 1e-4
    slope = solution(x=x, k=5 + step, m=1.5) - solution(x=x, k=5 - step, m=1.5)
    assert solution.partial("u_k", x=x, k=5, m=1.5) == pytest.approx(slope / (2 * step), rel=1e-5)
    solution.keep(tmp_path)
    again = load(tmp_path)
    assert np.array_equal(again(x=x, k=5.0, m=1.5), solution(x=x, k=5.0, m=1.5))


@pytest.mark.slow
def test_amplitudes_are_affine_and_take_two_nodes():
    assert affine_parameters(stated(PLATE)) == {"a", "b"}
    facts = {one.name: one for one in pikan.solve(spec(PLATE)).report.family.parameters}
    assert facts["a"].degree == facts["b"].degree == 1


@pytest.mark.slow
def test_nonlinear_members_follow_the_nearest_one_that_is_solved(monkeypatch):
    searches = list[int]()

    def counted(stated_problem, settings):
        searches.append(1)
        return branches(stated_problem, settings)

    monkeypatch.setattr(automatic, "branches", counted)
    solution = pikan.solve(spec(REACTION))
    assert solution.outcome.kind == "converged"
    assert solution.report.family.nodes > 3
    assert len(searches) == 1


def test_members_of_given_data_alone_are_as_smooth_as_it_is():
    assert multiplies_unknowns(stated(DRIVEN))
    moving = stated(PLATE.replace("c^2*u = a", "u = a*exp(-(x - c)^2)"))
    assert not multiplies_unknowns(moving)
    assert multiplies_unknowns(stated(PLATE.replace("that: u = b", "that: b*u = 1")))


def test_a_family_is_a_function_of_its_parameters_with_derivatives_by_them():
    solution = pikan.solve(spec(LAYER))
    x, eps, step = np.linspace(0.1, 0.9, 5), 0.3, 1e-4
    assert solution(x=x, eps=eps) == pytest.approx(solution.at(eps=eps)(x=x), rel=1e-12)
    assert solution.on(x=x)(eps=eps) == pytest.approx(solution.at(eps=eps)(x=x), rel=1e-12)
    slope = (solution(x=x, eps=eps + step) - solution(x=x, eps=eps - step)) / (2 * step)
    assert solution.partial("u_eps", x=x, eps=eps) == pytest.approx(slope, rel=1e-6)
    with pytest.raises(ValueError, match=r"got eps = 2, needs from 0.05 to 1"):
        solution.at(eps=2)
    with pytest.raises(ValueError, match="got nu, needs eps"):
        solution.at(nu=2)


def test_a_family_and_a_member_come_back_from_their_archives(tmp_path):
    solution = pikan.solve(spec(STRING))
    solution.keep(tmp_path / "family")
    again = load(tmp_path / "family")
    x = np.linspace(0.0, 1.0, 7)
    assert np.array_equal(again(x=x, k=5.0), solution(x=x, k=5.0))
    assert again.report.family == solution.report.family
    own = again.at(k=5.0)
    own.keep(tmp_path / "member")
    alone = load(tmp_path / "member")
    assert np.array_equal(alone(x=x), own(x=x))
    assert alone.problem.constants == {"k": 5.0}
    assert alone.errors["u"].relative_l2 < 1e-8


def test_an_interrupted_family_comes_to_the_same_bits(tmp_path):
    given = spec(LAYER, accuracy=1e-3)
    _, whole = finish(solve(given, problem(given)))
    steps = solve(given, problem(given), tmp_path, every=0.0)
    for _ in range(9):
        next(steps)
    steps.close()
    _, again = finish(continue_run(load_interrupted(tmp_path), tmp_path))
    timeless = [replace(s.report.family, milliseconds=0.0) for s in (whole, again)]
    assert timeless[0] == timeless[1]
    for one, other in zip(whole.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_member_without_a_solution_ends_the_family_with_its_place():
    text = LAYER.replace("u_x = 1", "u_x = log(0.5 - eps)").replace("exact", "#")
    solution = pikan.solve(spec(text))
    assert solution.outcome.kind == "diverged"
    assert "at eps = " in solution.outcome.message


def test_polynomials_of_the_degrees_at_hand_are_interpolated_exactly():
    nodes = Nodes((False, False), 40)

    def function(place):
        x, y = place
        return torch.tensor([x**2 * y - y, 1 + x], dtype=torch.float64)

    while not nodes.is_complete():
        for index in nodes.following():
            nodes.add(index, function(nodes.place(index)))
    places = 2 * torch.rand(9, 2, dtype=torch.float64) - 1
    expected = torch.stack([function(place) for place in places.tolist()])
    torch.testing.assert_close(nodes.interpolant(places), expected, rtol=0, atol=1e-12)


def test_a_beginning_of_the_nodes_has_a_small_lebesgue_constant():
    sequence, places = leja(40), torch.linspace(-1, 1, 2001, dtype=torch.float64)
    for count in (5, 10, 20, 40):
        nodes = sequence[:count]
        apart = nodes[:, None] - nodes + torch.eye(count)
        cardinal = [
            ((places[:, None] - nodes) / apart[k])[:, torch.arange(count) != k].prod(dim=1)
            for k in range(count)
        ]
        # Equally spaced nodes have 2^40/(e 40 log 40) = 1e9.
        assert float(torch.stack(cardinal).abs().sum(dim=0).max()) < 2 * count


def test_functions_with_common_poles_are_interpolated_exactly():
    z = leja(12)
    fields = torch.stack([1 / (z - 0.3), z / (z - 1.2), 1 / (z - 0.3) / (z - 1.2)], dim=1)
    made = rational_interpolant(z, fields)
    at = torch.tensor([0.77], dtype=torch.float64)
    expected = torch.stack([1 / (at - 0.3), at / (at - 1.2), 1 / (at - 0.3) / (at - 1.2)], dim=1)
    torch.testing.assert_close(made.values(at, fields), expected, rtol=1e-10, atol=1e-10)
