"""Stiffly accurate stages of a time step: the right Radau points."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy.polynomial import legendre
from torch import Tensor

from pikan.linalg.dense import inverse
from pikan.solvers.spectral_elements.collocation import Stages


class RadauStep(NamedTuple):
    """A time step with its stages; `series` leads from values at these to Legendre coefficients.

    `with_start` does so from the value at the start of the step, then those at the stages.
    """

    stages: Stages
    series: Float[Tensor, "s s"]
    with_start: Float[Tensor, "_ _"]


def radau_points(count: int) -> Float[np.ndarray, " s"]:
    """The right Radau points on [-1, 1], the last of which is 1: the zeros of P_n - P_(n-1).

    Source: Hairer and Wanner 1996, Solving Ordinary Differential Equations II, section IV.5.

    >>> radau_points(2).round(12).tolist()
    [-0.333333333333, 1.0]
    """
    series = np.zeros(count + 1)
    series[-2:] = -1.0, 1.0
    return np.append(np.sort(legendre.legroots(series).real)[:-1], 1.0)


def radau_step(begin: float, length: float, count: int, last: float) -> RadauStep:
    """The step of a length with so many stages; no moment comes after `last`.

    Derivatives at the moments are those of the polynomial through the start and all stages.
    Collocation at these points is stiffly accurate and damps what no step resolves.
    """
    points = radau_points(count)
    moments = np.minimum(begin + length * (points + 1) / 2, last)
    nodes = np.append(-1.0, points)
    with_start = inverse(torch.from_numpy(legendre.legvander(nodes, count)))
    slopes = legendre.legval(points, legendre.legder(np.eye(count + 1), axis=0)).T * 2 / length
    derivative = torch.from_numpy(slopes) @ with_start
    identity, zeros = torch.eye(count).to(derivative), torch.zeros(count, 1).to(derivative)
    weights = {
        0: identity[None],
        1: torch.stack([identity, derivative[:, 1:]]),
    }
    starts = {0: zeros[None, :, :0], 1: torch.stack([zeros, derivative[:, :1]])}
    stages = Stages(torch.from_numpy(moments), weights, starts)
    series = inverse(torch.from_numpy(legendre.legvander(points, count - 1)))
    return RadauStep(stages, series, with_start)
