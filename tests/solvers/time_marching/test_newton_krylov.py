"""Slabs in the plane are solved to what their polynomials can, whatever couples the unknowns."""

import pytest
import torch

from pikan.network.product import FullProduct
from pikan.run import solve_to_end
from pikan.solvers.time_marching import newton_krylov
from pikan.solvers.time_marching.newton_krylov import solve_radau_slab
from pikan.solvers.time_marching.radau_collocation import radau_collocation
from pikan.solvers.time_marching.separable_preconditioner import separable_preconditioner
from pikan.solvers.time_marching.slab import Grid, slab_network
from tests.stated import spec, stated

# Diffusion that varies, drift, and a slope on one side, in a box that does not begin at zero.
REACTION = """
domain: {t: [1, 1.5], a: [-1, 1], b: [2, 3]}
unknowns: [u]
equations:
  - u_t = (1 + 0.3*a*b)*laplacian(u) + a*u_b - u^3 + f
constants: {w: 0.7}
conditions:
  - {where: t = 1, that: u = EXACT}
  - {where: [a = -1, b = 2], that: u = EXACT}
  - {where: [a = 1, b = 3], that: u_n + 2*u = SLOPE}
"""
WAVE = "cos(w*a + b)*exp(t/2)"
RATE = "cos(w*a + b)*exp(t/2)/2"


def reaction():
    source = f"({RATE} + (1 + 0.3*a*b)*(w^2 + 1)*{WAVE} + a*sin(w*a + b)*exp(t/2) + ({WAVE})^3)"
    text = REACTION.replace("EXACT", WAVE).replace("+ f\n", f"+ {source}\n")
    on_a = text.replace(
        "{where: [a = 1, b = 3], that: u_n + 2*u = SLOPE}",
        f"{{where: a = 1, that: u_a + 2*u = 2*{WAVE} - w*sin(w*a + b)*exp(t/2)}}\n"
        f"  - {{where: b = 3, that: u_b + 2*u = 2*{WAVE} - sin(w*a + b)*exp(t/2)}}",
    )
    return on_a + f"exact: {{u: {WAVE}}}\naccuracy: 1e-8\n"


# The pressure has no rate, and no equation of its own.
CHANNEL = """
domain: {x: [0, 2], y: [-1, 1], t: [0, 0.5]}
unknowns: [u, v, p]
equations:
  - u_t + u*u_x + v*u_y + p_x = 0.5*laplacian(u)
  - v_t + u*v_x + v*v_y + p_y = 0.5*laplacian(v)
  - u_x + v_y = 0
conditions:
  - {where: t = 0, that: u = cos(pi*y/2)}
  - {where: t = 0, that: v = 0}
  - {where: [y = -1, y = 1], that: u = 0}
  - {where: [y = -1, y = 1], that: v = 0}
  - {where: y = -1, that: p = x*0}
  - {periodic: x}
"""


def worst(text):
    solution = solve_to_end(spec(text))
    assert solution.outcome.kind == "converged"
    errors = [one.relative_l2 for one in solution.errors.values()]
    return max(errors), solution.report.estimate.relative_l2


def test_a_slab_meets_a_solution_with_varying_coefficients_and_slopes_on_sides():
    error, estimate = worst(reaction())
    assert error < 1e-8
    assert estimate < 1e-8


def solved(text, degrees, monkeypatch, largest):
    monkeypatch.setattr(newton_krylov, "_DENSE", largest)
    problem = stated(text)
    network = slab_network(problem, Grid(None, degrees), torch.empty(0, dtype=torch.float64))
    run = solve_radau_slab(problem, network, None, None, 12)
    while True:
        try:
            next(run)
        except StopIteration as end:
            theta, outcome = end.value
            break
    assert outcome.kind == "converged"
    return theta


def test_least_squares_and_fast_diagonalization_precondition_the_same_solution(monkeypatch):
    text, degrees = reaction(), (9, 14, 12)
    one, other = (solved(text, degrees, monkeypatch, largest) for largest in (10_000, 0))
    assert float((one - other).norm() / one.norm()) < 1e-8


def test_fast_diagonalization_inverts_what_has_constant_coefficients():
    text = """
    domain: {x: [0, 1], y: [0, 2], t: [0, 1]}
    unknowns: [u]
    equations: [u_t = 0.3*u_xx + 2*u_yy + u_x - u + x*y]
    conditions:
      - {where: t = 0, that: u = 0}
      - {where: x = 0, that: u = t}
      - {where: x = 1, that: u_x + 3*u = y}
      - {where: [y = 0, y = 2], that: u_n = 1}
    """
    problem = stated(text)
    network = slab_network(problem, Grid(None, (8, 9, 5)), torch.empty(0, dtype=torch.float64))
    assert isinstance(network, FullProduct)
    system = radau_collocation(problem, network, None)
    generator = torch.Generator().manual_seed(0)
    change = torch.rand(5, 1, 9, 10, generator=generator, dtype=torch.float64)
    slopes = system.slopes(torch.zeros_like(change))
    solve = separable_preconditioner(system, slopes)
    assert solve is not None
    back = solve(system.apply(slopes, change))
    assert torch.allclose(back, change, rtol=0, atol=1e-9)


def test_more_than_can_be_factored_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setattr(newton_krylov, "_DENSE", 0)
    monkeypatch.setattr(newton_krylov, "_MOST", 0)
    problem = stated(CHANNEL)
    network = slab_network(problem, Grid(None, (3, 3, 3)), torch.empty(0, dtype=torch.float64))
    with pytest.raises(StopIteration) as end:
        next(solve_radau_slab(problem, network, None, None, 12))
    assert end.value.value[1].kind == "diverged"
    assert "do not separate" in end.value.value[1].message
