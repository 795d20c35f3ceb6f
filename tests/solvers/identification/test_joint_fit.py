"""Fields and constants together, against autograd and against what regression theory says."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from pikan.bases.bspline import BSpline
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


def system_of(
    problem: Problem, degree: int, knots: Sequence[float] = (), axis: int = 0
) -> JointSystem:
    """Its rows on polynomials, with splines on some knots along a coordinate."""
    box = problem.box
    interval = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    bases = [on_interval("chebyshev", interval, degree, 1) for _ in box.coordinates]
    if knots:
        bases[axis] = BSpline(torch.tensor([knots], dtype=torch.float64), degree)
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


@pytest.mark.parametrize("knots", [(), (-1.0, -0.2, 0.1, 1.0)])
def test_the_jacobian_of_a_joint_fit_is_the_one_of_differences(tmp_path, knots):
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
    system = system_of(stated(tmp_path, text, **columns), 3, knots)
    count = system.fields + 2
    theta = torch.rand(count, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    deviations = [torch.ones_like(one.term.points[0][:, 0]) for one in system.groups]
    found = torch.cat([one.dense(count) for one in system.linearize(theta, deviations)])
    step = 1e-6
    for k in range(count):
        ahead, behind = theta.clone(), theta.clone()
        ahead[k], behind[k] = ahead[k] + step, behind[k] - step
        both = [
            torch.cat([one.residual for one in system.linearize(each, deviations)])
            for each in (ahead, behind)
        ]
        torch.testing.assert_close(
            (both[0] - both[1]) / (2 * step), found[:, k], atol=1e-7, rtol=1e-6
        )


def test_splines_and_polynomials_that_hold_the_same_fields_leave_the_same_information(tmp_path):
    # Cubic splines on one cell are the cubic polynomials.
    text = """
domain: {x: [0, 1], t: [0, 1]}
unknowns: [u]
find: {D: 0.3}
equations: [u_t = D*u_xx]
conditions: [{periodic: x}]
data: [{file: data.npz, unknowns: {u: u}}]
"""
    generator = np.random.default_rng(0)
    columns = {name: generator.random(40) for name in ("x", "t", "u")}
    problem = stated(tmp_path, text, **columns)
    found = []
    for knots in ((), (-1.0, 1.0)):
        system = system_of(problem, 3, knots)
        theta = torch.zeros(system.fields + 1, dtype=torch.float64)
        theta[-1] = 0.3
        deviations = [torch.ones_like(one.term.points[0][:, 0]) for one in system.groups]
        factor = system.factorize(system.linearize(theta, deviations))
        fields = theta - factor.solution()
        data = system.groups[-1]
        told = factor.transposed_solve(system.rows(data, theta).dense(len(theta)).mT)
        found.append((system.rows(data, fields).residual, told.square().sum()))
    torch.testing.assert_close(found[0], found[1], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("axis", [0, 1])
def test_fronts_leave_of_a_joint_fit_what_all_its_rows_at_once_leave(tmp_path, axis):
    text = """
domain: {x: [0, 1], t: [0, 1]}
unknowns: [u]
find: {D: 0.3, "r(u)": {degree: 3}}
equations: ["u_t = D*u_xx + r(u)"]
conditions: [{periodic: x}]
data: [{file: data.npz, unknowns: {u: u}}]
"""
    generator = np.random.default_rng(0)
    columns = {name: generator.random(90) for name in ("x", "t", "u")}
    system = system_of(stated(tmp_path, text, **columns), 3, (-1.0, -0.3, 0.2, 0.5, 1.0), axis)
    count = system.fields + len(system.find)
    theta = torch.rand(count, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    deviations = [torch.ones_like(one.term.points[0][:, 0]) for one in system.groups]
    pieces = system.linearize(theta, deviations)
    front, dense = system.factorize(pieces), replace(system, steps=None).factorize(pieces)
    torch.testing.assert_close(front.solution(), dense.solution(), rtol=1e-7, atol=1e-8)
    last = torch.eye(count, dtype=torch.float64)[:, system.fields :]
    one, other = front.transposed_solve(last), dense.transposed_solve(last)
    torch.testing.assert_close(one.mT @ one, other.mT @ other, rtol=1e-7, atol=1e-8)


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
    last = torch.zeros_like(fit.theta)[:, None]
    last[-1] = 1.0
    assert float(fit.factor.transposed_solve(last).norm()) == pytest.approx(expected, rel=1e-4)
