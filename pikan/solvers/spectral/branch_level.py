"""A level of few coefficients on which solutions of a problem are looked for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import functional_call

from pikan.network.parameters import parameter_dict, with_parameters
from pikan.network.product import FullProduct
from pikan.optimize.objective import LeastSquares
from pikan.problem.statement import Problem
from pikan.residuals.relative_residual import largest_relative_residual
from pikan.residuals.terms import terms
from pikan.solvers.spectral.initial import extended_start, smooth_start
from pikan.solvers.spectral.level import PRefinement
from pikan.solvers.spectral.product_objective import matching_points, product_objective


@final
@dataclass(frozen=True)
class BranchLevel:
    """A problem on a level of given degrees; `network` is zero and `extended` its first start."""

    problem: Problem
    settings: PRefinement
    network: FullProduct
    extended: Float[Tensor, " p"]
    objective: LeastSquares

    def smooth_start(self) -> Float[Tensor, " p"]:
        """The smoothest function that meets the conditions."""
        on_points = terms(self.problem, matching_points(self.problem, self.network))
        return smooth_start(on_points, self.network)

    def values(self, theta: Float[Tensor, " p"]) -> Float[Tensor, "n m"]:
        """The unknowns on the samples."""
        samples, parameters = self.settings.samples, parameter_dict(self.network, theta)
        with torch.no_grad():
            return samples.weight(functional_call(self.network, parameters, samples.points))

    def relative_residual(self, problem: Problem, theta: Float[Tensor, " p"]) -> float:
        """The largest relative residual, infinite where a formula has no value."""
        left = largest_relative_residual(
            problem, with_parameters(self.network, theta), self.settings.samples
        ).relative
        return math.inf if math.isnan(left) else left


def branch_level(problem: Problem, settings: PRefinement, degrees: tuple[int, ...]) -> BranchLevel:
    """The level of these degrees."""
    network = settings.network(degrees)
    assert isinstance(network, FullProduct)
    start = extended_start(problem, network)
    return BranchLevel(
        problem, settings, network, start, product_objective(problem, network, start)
    )


def is_near(theta: Float[Tensor, " p"], others: Sequence[Float[Tensor, " p"]], part: float) -> bool:
    """Whether coefficients differ from some others by no more than this part of themselves."""
    return any((theta - other).norm() <= part * theta.norm() for other in others)
