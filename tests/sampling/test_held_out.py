"""Held-out points see what is narrow, and their weighted means are those of the whole box."""

import numpy as np
import pytest
import torch

from pikan.problem.features import features
from pikan.sampling.held_out import held_out
from tests.stated import LIKE, stated

PULSE = """
domain: {x: [0, 2], t: [0, 1]}
unknowns: [u]
equations: ["u_t = u_xx + exp(-((x - 0.7)/1e-4)^2)*sin(3*t)"]
conditions: [{where: t = 0, that: u = 0}, {where: boundary, that: u = 0}]
"""


def drawn(text):
    problem = stated(text)
    generator = torch.Generator().manual_seed(0)
    return held_out(problem.box, features(problem), 4096, generator, LIKE)


def test_smooth_problems_have_even_points_of_equal_parts():
    found = drawn(PULSE.replace("1e-4", "1"))
    assert found.inside == ()
    assert torch.equal(found.weights, torch.ones(4096, dtype=torch.float64))


def test_many_points_lie_inside_a_narrow_feature():
    found = drawn(PULSE)
    near = (found.points[:, 0] - 0.7).abs() < 2e-4
    assert near.sum() > 100
    ((feature, points),) = found.inside
    assert feature.label == "equation"
    assert ((points[:, 0] - 0.7).abs() < 1e-3).double().mean() > 0.5


@pytest.mark.parametrize("function", [lambda x: x**2, lambda x: np.exp(-(((x - 0.7) / 1e-4) ** 2))])
def test_weighted_means_are_those_of_the_whole_box(function):
    found = drawn(PULSE)
    values = torch.from_numpy(function(found.points[:, :1].numpy()))
    mean = float(found.weight(values).square().mean())
    fine = np.unique(np.r_[np.linspace(0, 2, 20001), 0.7 + np.linspace(-1e-3, 1e-3, 20001)])
    assert mean == pytest.approx(np.trapezoid(function(fine) ** 2, fine) / 2, rel=0.02)
