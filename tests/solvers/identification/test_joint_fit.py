"""Fields and constants together, against autograd and against what regression theory says."""

import numpy as np
import pytest
import torch

from pikan.bases.from_word import on_interval
from pikan.network.product import FullProduct
from pikan.problem.statement import Problem
from pikan.residuals.terms import used_faces
from pikan.solvers.collocation_grid import chebyshev_nodes, tensor_points
from pikan.solvers.identification.joint_fit import joint_fit
from pikan.solvers.identification.rows import JointSystem, joint_system
from pikan.solvers.identification.start import smooth, smooth_start
from pikan.spec import formulas, reader


def stated(folder, text: str, **columns) -> Problem:
    """The problem of a file whose data are columns."""
    np.savez(folder / "data.npz", **columns)
    return formulas.problem(reader.parse_spec(text, "problem.yaml", folder))


def system_of(problem: Problem, degree: int) -> JointSystem:
    box = problem.box
    interval = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    bases = [on_interval("chebyshev", interval, degree, 1) for _ in box.coordinates]
    network = FullProduct(bases, len(problem.unknowns), box.lower, box.upper)
    bounds = zip(box.lower, box.upper, strict=True)
    nodes = tuple(chebyshev_nodes(low, high, degree + 4) for low, high in bounds)
    return joint_system(
        problem, network, tensor_points(used_faces(problem), nodes, network.coefficients)
    )


DECAY = """
domain: {t: [0, 1]}
unknowns: [u]
find: {k: 1}
equations: [u_t = -k*u]
data: [{file: data.npz, unknowns: {u: u}}]
"""


def test_the_jacobian_of_a_joint_fit_is_the_one_of_differences(tmp_path):
    text = """
domain: {x: [0, 1], t: [0, 1]}
unknowns: [u, v]
find: {a: 0.7, D: {guess: 0.3, scale: log}}
equations: [u_t = D*u_xx + a*u*v, v_t = sin(a*u) - v]
conditions: [{where: x = 0, that: u_n = a*v}]
data: [{file: data.npz, unknowns: {v: v}, observed: {q: -D*u_x}}]
"""
    generator = np.random.default_rng(0)
    columns = {name: generator.random(6) for name in ("x", "t", "v", "q")}
    system = system_of(stated(tmp_path, text, **columns), 3)
    count = system.fields + 2
    theta = torch.rand(count, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    deviations = [torch.ones_like(one.term.points[0][:, 0]) for one in system.groups]
    found = system.linearize(theta, deviations).jacobian
    step = 1e-6
    for k in range(count):
        ahead, behind = theta.clone(), theta.clone()
        ahead[k], behind[k] = ahead[k] + step, behind[k] - step
        both = [system.linearize(each, deviations).residual for each in (ahead, behind)]
        torch.testing.assert_close(
            (both[0] - both[1]) / (2 * step), found[:, k], atol=1e-7, rtol=1e-6
        )


def test_smoothing_keeps_a_polynomial_and_finds_the_noise():
    generator = torch.Generator().manual_seed(0)
    x = torch.linspace(-1, 1, 400, dtype=torch.float64)
    columns = torch.cos(torch.arange(13) * torch.acos(x)[:, None])
    noise = 0.01 * torch.randn(400, generator=generator, dtype=torch.float64)
    found = smooth(columns, columns[:, 2] + noise, torch.arange(13, dtype=torch.float64) ** 2)
    assert abs(float(found.coefficients[2]) - 1.0) < 0.003
    assert abs(found.noise - 0.01) < 0.001


def test_the_information_of_a_joint_fit_is_that_of_the_regression_with_its_solution(tmp_path):
    # u = c exp(-k t): the joint fit may do no better and no worse than regression on (c, k).
    t = np.linspace(0, 1, 50)
    problem = stated(tmp_path, DECAY, t=t, u=2.0 * np.exp(-0.8 * t))
    system = system_of(problem, 12)
    sigma = 0.01
    tight = [
        torch.full_like(one.term.points[0][:, 0], 1e-7 if one.kind == "equation" else sigma)
        for one in system.groups
    ]
    start, _ = smooth_start(system)
    run = joint_fit(system, start, tight, 40)
    while True:
        try:
            next(run)
        except StopIteration as end:
            fit = end.value
            break
    design = np.stack([np.exp(-0.8 * t), -2.0 * t * np.exp(-0.8 * t)], axis=1) / sigma
    expected = np.sqrt(np.linalg.inv(design.T @ design)[1, 1])
    assert abs(float(fit.theta[-1]) - 0.8) < 1e-6
    assert 1.0 / abs(float(fit.factor[-1, -1])) == pytest.approx(expected, rel=1e-4)
