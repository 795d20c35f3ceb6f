"""A network starts with outputs of the size of the solution, in whatever units that is."""

import pytest
import torch

from pikan import factory, network_factory
from pikan.network.base import place
from pikan.planning.planner import complete
from pikan.run import solve_to_end
from pikan.solvers.output_scale import scale_outputs
from pikan.spec.formulas import problem
from tests.stated import spec

POISSON = """
domain: {x: [0, 1], y: [0, 1]}
constants: {size: 1.0}
unknowns: [u]
equations:
  - u_xx + u_yy = -2*size*pi^2*sin(pi*x)*sin(pi*y)
conditions: [{where: boundary, that: u = 3*size}]
exact: {u: 3*size + size*sin(pi*x)*sin(pi*y)}
sampling: {interior: {method: sobol, points: 150}}
training: [gauss_newton: {steps: 15, damping: 1e-2, geodesic: true}]
"""
SMOOTH = "start: decaying, conditions: built_in"
NETWORKS = (
    f"{{kind: kan, width: [2, 4, 1], basis: chebyshev, degree: 4, {SMOOTH}}}",
    "{kind: mlp, width: [2, 8, 1], conditions: built_in}",
)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("size", [1e-7, 1.0, 1e7])
def test_the_units_of_an_unknown_do_not_count(network, size):
    text = POISSON.replace("size: 1.0", f"size: {size}")
    solution = solve_to_end(spec(text, network=network))
    assert solution.report.errors["u"].rmse < 2e-3 * size


def test_each_unknown_is_scaled_alone():
    two = """
domain: {x: [0, 1]}
unknowns: [u, v]
equations: [u_xx = -1e6*sin(pi*x), v_xx = -sin(pi*x)]
conditions: [{where: boundary, that: u = 0}, {where: boundary, that: v = 0}]
network: {kind: kan, width: [1, 3, 2], basis: chebyshev, degree: 3, conditions: built_in}
training: [gauss_newton: {steps: 1}]
"""
    given = spec(two)
    posed = problem(given)
    completed, _ = complete(given, posed)
    parts = factory.schedule_settings(completed, posed, torch.Generator().manual_seed(0))
    plain = parts.network(posed.box)
    scaled = scale_outputs(plain, (1e4, 1.0))
    points = torch.linspace(0.1, 0.9, 7).double().unsqueeze(1)
    before, after = (one.jet(place(points)).values[0] for one in (plain, scaled))
    assert torch.allclose(after, before * torch.tensor([1e4, 1.0]), rtol=1e-12)
    assert network_factory.rest(completed, posed).conditions == ()
