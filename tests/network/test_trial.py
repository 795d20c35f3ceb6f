"""A network inside a trial solution: its conditions, its derivatives, and the way to a file."""

import pytest
import torch

from pikan.network.architecture import ArchitectureError
from pikan.network.build import architecture_text, restore
from pikan.network.parameters import parameter_vector
from pikan.network.partials import partials
from pikan.network.refine import refine
from pikan.network.trial import TrialFunctions, TrialNetwork
from pikan.problem.trial_solution import trial_solution
from pikan.residuals.assembly import assemble_rows
from pikan.residuals.terms import terms
from tests.stated import (
    drawn,
    low_rank,
    perceptron,
    polynomial_kan,
    random_network,
    spline_kan,
    stated,
)

MIXED = stated("""
domain: {x: [0, 2], t: [0, 1]}
unknowns: [u]
equations: [u_t + u*u_x = u_xx]
conditions:
  - {where: t = 0, that: u = cos(x)}
  - {where: x = 0, that: u_n + 2*u = 2*exp(-t)}
  - {where: x = 2, that: u_n = -sin(2)*exp(-t)}
""")
TURNING = stated("""
domain: {x: [-1, 1], t: [0, 1]}
unknowns: [u]
equations: [u_t + u*u_x = u_xx]
conditions: [{where: t = 0, that: u = sin(pi*x)}, {periodic: x}]
""")
CASES = [
    *((MIXED, kind) for kind in (spline_kan, polynomial_kan, perceptron, low_rank)),
    *((TURNING, kind) for kind in (spline_kan, polynomial_kan, perceptron)),
]


class Ends:
    """A box that a kind of network is made for."""

    def __init__(self, problem, turns):
        self.box = problem.box if not turns else Unit(problem.box.dimension + turns)
        self.unknowns = problem.unknowns


class Unit:
    """The box [-1, 1]^n."""

    def __init__(self, dimension):
        self.dimension = dimension
        self.lower, self.upper = (-1.0,) * dimension, (1.0,) * dimension


def trial(problem, kind):
    found = trial_solution(problem)
    assert found.reasons == ()
    inner = random_network(kind, Ends(problem, len(found.periodic)))
    functions = TrialFunctions(problem.coordinates, found.lifts, found.factors, found.periodic)
    return TrialNetwork(inner, functions, problem.box.lower, problem.box.upper)


@pytest.mark.parametrize(("problem", "kind"), CASES)
def test_conditions_hold_whatever_the_parameters(problem, kind):
    network, points = trial(problem, kind), drawn(problem)
    stated = terms(problem, points)
    rows = assemble_rows(network, stated, [1.0] * len(stated)).residual(parameter_vector(network))
    inside = len(points.interior)
    assert float(rows[:inside].abs().max()) > 1e-2
    assert float(rows[inside:].abs().max()) < 1e-13


@pytest.mark.parametrize(("problem", "kind"), CASES)
def test_the_jacobian_is_the_change_of_the_rows(problem, kind):
    network = trial(problem, kind)
    stated = terms(problem, drawn(problem))
    rows = assemble_rows(network, stated, [1.0] * len(stated))
    theta = parameter_vector(network)
    way = torch.randn(theta.shape, generator=torch.Generator().manual_seed(1)).double()
    ahead, behind = (rows.residual(theta + sign * 1e-6 * way) for sign in (1, -1))
    expected = (ahead - behind).detach() / 2e-6
    found = rows.jacobian(theta).detach() @ way
    assert torch.allclose(found, expected, rtol=0.0, atol=1e-7 * float(expected.abs().max()))


@pytest.mark.parametrize(("problem", "kind"), CASES)
def test_partials_are_those_of_autograd(problem, kind):
    network, points = trial(problem, kind), drawn(problem).interior
    moving = points.clone().requires_grad_()
    (first,) = torch.autograd.grad(network(moving).sum(), moving, create_graph=True)
    (second,) = torch.autograd.grad(first[:, 0].sum(), moving)
    found = partials(network, points, [(2, 0), (0, 1)])
    assert torch.allclose(found[(0, 1)][:, 0], first[:, 1], rtol=0, atol=1e-12)
    size = float(second.detach().abs().max())
    assert torch.allclose(found[(2, 0)][:, 0], second[:, 0], rtol=0, atol=1e-13 * size)


@pytest.mark.parametrize(("problem", "kind"), CASES)
def test_its_text_and_numbers_give_it_back(problem, kind):
    network, points = trial(problem, kind), drawn(problem).interior
    again = restore(architecture_text(network), network.state_dict())
    assert torch.equal(again(points), network(points))


def test_a_refined_network_is_the_same_function():
    network, points = trial(MIXED, spline_kan), drawn(MIXED).interior
    finer = refine(network, grid=9)
    assert len(parameter_vector(finer)) > len(parameter_vector(network))
    assert torch.allclose(finer(points), network(points), rtol=0.0, atol=1e-10)


@pytest.mark.parametrize(
    ("formula", "fault"),
    [("x +", "something is missing"), ("q*x", "no coordinate"), ("open(1)", "open")],
)
def test_texts_that_are_no_formulas_of_coordinates_are_refused(formula, fault):
    network = trial(MIXED, perceptron)
    text = architecture_text(network)
    broken = text.replace(text.split('"lifts":["')[1].split('"')[0], formula)
    with pytest.raises(ArchitectureError, match=fault):
        restore(broken, network.state_dict())
