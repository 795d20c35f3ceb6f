"""r(theta) is the weighted residual that a plain twin finds, and its Jacobian is its derivative."""

from itertools import pairwise

import pytest
import torch
from torch.func import functional_call, jacrev

from pikan.network import nested_autograd
from pikan.network.base import FeatureNetwork
from pikan.network.parameters import last_layer, parameter_vector, with_parameters
from pikan.residuals.assembly import assemble_rows
from pikan.residuals.batches import row_batches
from pikan.residuals.evaluation import balanced_factors
from pikan.residuals.last_layer import (
    balanced_objective,
    features_size,
    last_layer_evaluations,
    last_layer_objective,
)
from pikan.residuals.network_objective import _bytes_per_point, network_objective
from pikan.residuals.terms import merge, terms
from pikan.residuals.weights import blocks, row_factors
from pikan.solvers.time_slab import restrict_time, slab_terms
from tests.stated import KINDS, drawn, fitted, full_product, random_network, stated

BURGERS = """
domain: {x: [-1, 1], t: [0, 1]}
constants: {nu: 0.3}
unknowns: [u]
equations: [u_t + u*u_x = nu*u_xx]
conditions:
  - {where: t = 0, that: u = -sin(pi*x)}
  - {where: boundary, that: u_n + u^2 = t}
"""
SYSTEM = """
domain: {x: [-1, 2], y: [0, 1]}
unknowns: [u, v, p]
equations: [u*u_x + v*u_y + p_x = laplacian(u), u*v_x + v*v_y + p_y = laplacian(v), u_x + v_y = x]
conditions:
  - {periodic: x}
  - {where: y = 0, that: u*v = x}
  - {where: y = 1, that: v_n = 0}
  - {where: 'x = 0, y = 0', that: p = 0}
"""
PROBLEMS = {"burgers": BURGERS, "system": SYSTEM}
WEIGHTS = {"equation": 2.0, "equation 2": 3.0, "boundary": 100.0, "y = 0": 10.0}


@pytest.fixture(params=PROBLEMS)
def problem(request):
    return stated(PROBLEMS[request.param])


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def network(request, problem):
    return random_network(request.param, problem)


def whole_objective(found, network, weights, memory=10**9):
    """The objective of all parameters under weights by label."""
    factors = row_factors(found, weights)
    return network_objective(found, network, factors, linear=False, time=None, memory=memory)


def plain_rows(problem, network, points):
    """The residuals by label, with all derivatives by nested autograd."""
    rows = {}
    for term in terms(problem, points):
        fields = [
            nested_autograd.partials(network, place, term.needed_partials(k))
            for k, place in enumerate(term.points)
        ]
        columns = {
            name: fields[at][partial.orders][:, partial.unknown]
            for name, (at, partial) in term.derivatives.items()
        }
        rows.setdefault(term.label, []).append(term.evaluate(columns))
    return {label: torch.cat(found).detach() for label, found in rows.items()}


def test_the_loss_is_the_weighted_sum_of_mean_squares(problem, network):
    points = drawn(problem, inside=9, on_faces=5)
    rows = plain_rows(problem, network, points)
    expected = 0.5 * sum(
        WEIGHTS.get(label, 1.0) * float(found.square().mean()) for label, found in rows.items()
    )
    for found in (terms(problem, points), merge(terms(problem, points))):
        objective = whole_objective(found, network, WEIGHTS)
        r = objective.residual(parameter_vector(network))
        assert 0.5 * float(r.square().sum()) == pytest.approx(expected, rel=1e-11)
        for block in objective.blocks:
            square = WEIGHTS.get(block.label, 1.0) * float(rows[block.label].square().mean())
            assert float(r[block.rows].square().sum()) == pytest.approx(square, rel=1e-11)


def test_the_jacobian_is_the_derivative_by_all_parameters(problem, network):
    found = merge(terms(problem, drawn(problem, inside=4, on_faces=2)))
    objective = whole_objective(found, network, WEIGHTS)
    theta = parameter_vector(network)
    ours, theirs = objective.jacobian(theta), jacrev(objective.residual)(theta)
    scale = float(theirs.abs().max())
    torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-13 * scale)


def test_the_jacobian_is_the_derivative_by_the_last_layer(problem, network):
    found = terms(problem, drawn(problem, inside=6, on_faces=3))
    objective = last_layer_objective(found, network, row_factors(found, WEIGHTS), linear=False)
    theta = parameter_vector(network)[last_layer(network)]
    ours, theirs = objective.jacobian(theta), jacrev(objective.residual)(theta)
    scale = float(theirs.abs().max())
    torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-13 * scale)


def test_the_last_layer_alone_and_the_whole_network_agree(problem, network):
    found = terms(problem, drawn(problem, inside=6, on_faces=3))
    alone = last_layer_objective(found, network, row_factors(found, WEIGHTS), linear=False)
    whole = whole_objective(found, network, WEIGHTS)
    theta, part = parameter_vector(network), last_layer(network)
    assert whole.last_layer == part
    one, other = alone.residual(theta[part]), whole.residual(theta)
    torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-11)
    one, other = alone.jacobian(theta[part]), whole.jacobian(theta)[:, part]
    torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-11 * float(other.abs().max()))


def test_the_gradient_of_the_loss_is_what_autograd_finds(problem, network):
    found = merge(terms(problem, drawn(problem, inside=5, on_faces=3)))
    objective = whole_objective(found, network, WEIGHTS)
    theta = parameter_vector(network).requires_grad_()
    loss = 0.5 * objective.residual(theta).square().sum()
    (gradient,) = torch.autograd.grad(loss, theta)
    expected = objective.jacobian(theta).T @ objective.residual(theta)
    torch.testing.assert_close(gradient, expected.detach(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_parameters_given_are_those_used_and_the_network_is_left_alone(kind):
    problem = stated(BURGERS)
    network, other = (random_network(kind, problem, seed) for seed in (0, 1))
    before = parameter_vector(network)
    found = terms(problem, drawn(problem))
    objective = whole_objective(found, network, {})
    twin = whole_objective(found, other, {})
    assert torch.equal(
        objective.residual(parameter_vector(other)), twin.residual(parameter_vector(other))
    )
    assert torch.equal(parameter_vector(network), before)
    values = dict(with_parameters(network, parameter_vector(other)).named_parameters())
    points = drawn(problem).interior
    assert torch.equal(functional_call(network, values, (points,)), other(points))


def test_the_residual_of_a_linear_problem_is_affine_in_the_last_layer():
    problem = stated("""
domain: {x: [-1, 1], t: [0, 1]}
unknowns: [u]
equations: [u_tt + x*u_xt = exp(t)*u + sin(x)]
conditions: [{where: t = 0, that: 3*u - u_t = x}, {periodic: x}]
""")
    network = random_network(full_product, problem)
    found = terms(problem, drawn(problem))
    objective = last_layer_objective(found, network, row_factors(found, {}), linear=True)
    one, other = (
        parameter_vector(network),
        parameter_vector(random_network(full_product, problem, seed=1)),
    )
    step = objective.jacobian(torch.zeros_like(one)) @ (other - one)
    expected = objective.residual(other) - objective.residual(one)
    torch.testing.assert_close(step, expected, rtol=1e-11, atol=1e-11)


def test_balanced_rows_have_one_mean_square_in_every_statement(problem, network):
    found = terms(problem, drawn(problem, inside=12, on_faces=5))
    objective = balanced_objective(found, network, None, linear=False)
    design = objective.jacobian(network.last_weight().detach().flatten())
    lengths = design.square().sum(dim=1).split([len(term.points[0]) for term in found])
    statements: dict[object, list[torch.Tensor]] = {}
    for term, some in zip(found, lengths, strict=True):
        statements.setdefault(term.statement, []).append(some)
    # The three values that a system matches across a period are three statements of one label.
    assert len(statements) >= len({term.label for term in found})
    for some in statements.values():
        assert float(torch.cat(some).mean()) == pytest.approx(1.0, rel=1e-12)


def test_terms_cut_in_pieces_are_balanced_as_the_whole_is(problem, network):
    whole = terms(problem, drawn(problem, inside=12, on_faces=5))
    theta = network.last_weight().detach().flatten()
    pieces = [term.rows(part) for term in whole for part in (slice(3), slice(3, None))]
    one, other = (
        balanced_factors(last_layer_evaluations(some, network), theta) for some in (whole, pieces)
    )
    assert [factor for factor in one for _ in range(2)] == pytest.approx(other, rel=1e-12)


def test_a_term_on_which_nothing_depends_keeps_its_factor():
    problem = stated("""
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [u_xx + u_yy = 1]
conditions: [{where: x = 0, that: u = 0}, {where: x = 1, that: u^2 = 0}]
""")
    zero = full_product(problem, (2, 1), None)
    evaluations = last_layer_evaluations(terms(problem, drawn(problem)), zero)
    _, at_left, at_right = balanced_factors(evaluations, zero.last_weight().flatten())
    assert at_right == 1.0
    assert at_left != 1.0


def test_rows_are_balanced_at_the_start_where_a_formula_has_no_slope_at_zero():
    problem = stated("""
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_x = sqrt(u)]
conditions: [{where: x = 0, that: u = 1}]
""")
    zero = full_product(problem, (3,), None)
    start = torch.tensor([1.0, 0.5, 0.0, 0.0, 0.0], dtype=torch.float64)
    found = terms(problem, drawn(problem))
    objective = balanced_objective(found, zero, start, linear=False)
    design = objective.jacobian(start)
    for block in objective.blocks:
        assert float(design[block.rows].square().sum(dim=1).mean()) == pytest.approx(1.0, rel=1e-12)
    assert not all(
        0 < f < float("inf")
        for f in balanced_factors(last_layer_evaluations(found, zero), torch.zeros_like(start))
    )


def test_factors_make_means_of_sums():
    problem = stated(BURGERS)
    found = terms(problem, drawn(problem, inside=10, on_faces=4))
    factors = row_factors(found, {"equation": 5.0})
    # The boundary is two sheets of four rows and one label.
    assert [factor**-2 for factor in factors] == pytest.approx([2.0, 4.0, 8.0, 8.0])


def test_blocks_cover_every_row_once_and_know_its_time(problem):
    found = merge(terms(problem, drawn(problem)))
    named = blocks(found, problem.box.time)
    ends = [0, *(block.rows.stop for block in named)]
    assert [(block.rows.start, block.rows.stop) for block in named] == list(pairwise(ends))
    assert ends[-1] == sum(len(term.points[0]) for term in found)
    assert [block.label for block in named] == list(dict.fromkeys(one.label for one in found))
    if problem.box.time is None:
        assert all(block.coordinates is None for block in named)
    else:
        times = torch.cat([block.coordinates for block in named])
        expected = torch.cat([term.points[0][:, 1] for term in found])
        assert torch.equal(times, expected)


def test_a_condition_in_space_and_at_the_start_is_one_block():
    problem = stated("""
domain: {x: [0, 1], t: [0, 1]}
unknowns: [u]
equations: [u_t = u_xx]
conditions:
  - {where: x = 1, that: u = 0}
  - {where: [x = 0, t = 0], that: u = 0}
""")
    part = restrict_time(problem, 0.0, 0.5)
    points = drawn(part)
    for found in (terms(part, points), slab_terms(part, points, None).all):
        labels = [block.label for block in blocks(found, None)]
        assert sorted(labels) == ["equation", "x = 0 and t = 0", "x = 1"]


def test_the_exact_solution_is_a_zero_of_the_objective():
    problem = stated("""
domain: {x: [-1, 1], t: [0, 2]}
unknowns: [u, v]
exact: {u: x^2*t, v: x - t^2}
equations: [u_t + u*v_x - x^2 = x^2*t, 'v_t*u_x + v^2 = (x - t^2)^2 - 4*x*t^2']
conditions:
  - {where: t = 0, that: u*v = 0}
  - {where: x = 1, that: u_n + v = 2*t + 1 - t^2}
""")
    network = fitted(problem, degree=4)
    assert isinstance(network, FeatureNetwork)
    found = terms(problem, drawn(problem))
    objective = last_layer_objective(found, network, row_factors(found, {}), linear=False)
    # Sums of 50 terms of size ten, each exact to 2e-16.
    assert float(objective.residual(parameter_vector(network)).norm()) < 1e-12


def test_chunks_have_all_rows_in_their_order_and_no_more_points_than_they_may(problem):
    found = terms(problem, drawn(problem, inside=23, on_faces=7))
    factors = [float(number) for number in range(len(found))]
    for points in (2, 5, 40, 10_000):
        parts = row_batches(found, factors, points)
        sizes = [sum(len(p) for term in part.terms for p in term.points) for part in parts]
        assert max(sizes) <= points
        every = [(f, s) for part in parts for f, s in zip(part.factors, part.terms, strict=True)]
        for factor, term in zip(factors, found, strict=True):
            own = [piece for f, piece in every if f == factor]
            for place, whole in enumerate(term.points):
                assert torch.equal(torch.cat([piece.points[place] for piece in own]), whole)


def test_chunks_have_the_rows_the_gradient_and_the_jacobian_of_the_whole(problem, network):
    points = drawn(problem, inside=11, on_faces=4)
    found = merge(terms(problem, points))
    whole, parts = (whole_objective(found, network, WEIGHTS, memory) for memory in (10**9, 1))
    theta = parameter_vector(network).requires_grad_()
    slopes = []
    for objective in (whole, parts):
        r = objective.residual(theta)
        (slope,) = torch.autograd.grad(r.square().sum(), theta, retain_graph=True)
        (again,) = torch.autograd.grad(r.square().sum(), theta)
        assert torch.equal(slope, again)
        slopes.append((r.detach(), slope, objective.jacobian(theta.detach())))
    for one, other in zip(*slopes, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10 * float(one.abs().max()))


def test_the_size_of_all_features_is_what_they_take(problem, network):
    found = terms(problem, drawn(problem))
    made = [
        table
        for one in last_layer_evaluations(found, network)
        for at in one.features
        for table in at.values()
    ]
    assert features_size(found, network) == sum(t.numel() * t.element_size() for t in made)


def test_a_point_takes_four_times_what_it_adds_to_what_is_kept_for_the_way_back(problem, network):
    def kept(count):
        """Bytes of all that autograd keeps of so many points of each term, by its own hooks."""
        some = [term.rows(slice(count)) for term in found]
        sizes: dict[int, int] = {}

        def note(tensor):
            sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        theta = parameter_vector(network).requires_grad_()
        with torch.autograd.graph.saved_tensors_hooks(note, lambda saved: saved):
            rows = assemble_rows(network, some, [1.0] * len(some)).residual(theta)
        del rows
        return sum(len(p) for term in some for p in term.points), sum(sizes.values())

    found = merge(terms(problem, drawn(problem, inside=60, on_faces=60)))
    (few, least), (many, most) = kept(20), kept(60)
    assert _bytes_per_point(found, network) == pytest.approx(
        4 * (most - least) / (many - few), rel=0.2
    )


def test_batches_have_as_many_points_as_the_memory_allows(problem, network, monkeypatch):
    seen: list[int] = []

    def noted(found, factors, points):
        seen.append(points)
        return row_batches(found, factors, points)

    monkeypatch.setattr("pikan.residuals.network_objective.row_batches", noted)
    found = merge(terms(problem, drawn(problem)))
    whole_objective(found, network, {}, 1000 * _bytes_per_point(found, network) + 1)
    assert seen == [1000]
