"""The energy of a network at Gauss points, for stages that go down along its gradient."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.expression.tree import Expression
from pikan.geometry.face import Face
from pikan.network.base import Network
from pikan.network.parameters import parameter_vector
from pikan.network.product import FullProduct
from pikan.optimize.adam import Adam
from pikan.optimize.lbfgs import LBFGS
from pikan.optimize.ssbroyden import SSBroyden
from pikan.optimize.stage import Stage
from pikan.problem.features import features
from pikan.problem.statement import Condition, Problem
from pikan.residuals.energy_objective import EnergyObjective
from pikan.residuals.network_objective import network_objective
from pikan.residuals.terms import CollocationPoints, Term, condition_terms, term, weight_rows
from pikan.residuals.weights import row_factors
from pikan.solvers.variational.space import ProductSpace, Quadrature

# Gauss points in a cell along each coordinate, and the least for each parameter: with few of them a
# network goes down between the points, where nothing counts.
_GAUSS, _POINTS = 6, 20
_LABEL = "energy"


def minimizes_energy(problem: Problem, stage: Stage, network: Network) -> bool:
    """Whether a stage goes down along the energy; one for squares takes its equations."""
    descends = isinstance(stage, Adam | LBFGS | SSBroyden)
    return problem.energy is not None and descends and not isinstance(network, FullProduct)


def energy_objective(
    problem: Problem,
    network: Network,
    points: CollocationPoints,
    weights: Callable[[Sequence[str]], Mapping[str, float]],
    memory: int,
) -> EnergyObjective:
    """The energy on Gauss points, as many as there are points inside and as parameters need.

    Conditions on values that the network does not have by construction are rows on their faces.
    """
    assert problem.energy is not None
    like, dimension = points.interior, problem.box.dimension
    count = max(len(like), _POINTS * len(parameter_vector(network)))
    cells = ceil(count ** (1 / dimension) / _GAUSS)
    space = ProductSpace(problem.box, _edges(problem, cells), 1)
    densities = [_integral(problem, _LABEL, problem.energy.density, space.quadrature(_GAUSS), like)]
    densities += [
        _integral(problem, _label(one), one.residual, space.quadrature(_GAUSS, face), like)
        for one in problem.energy.on_faces
        for face in one.faces
        if isinstance(face, Face)
    ]
    given = problem.conditions[: problem.energy.essential]
    conditions = condition_terms(problem, given, points)
    counts = weights(list(dict.fromkeys(one.label for one in conditions)))
    factors = [1.0] * len(densities) + row_factors(conditions, counts)
    rows = network_objective(
        [*densities, *conditions], network, factors, linear=False, time=None, memory=memory
    )
    return EnergyObjective(rows, frozenset(one.label for one in densities))


def _label(one: Condition) -> str:
    return f"{_LABEL} on {one.label}"


def _edges(problem: Problem, cells: int) -> list[Float[np.ndarray, " _"]]:
    """Even cells from -1 to 1, which end where known functions jump or bend as well."""
    edges = list[Float[np.ndarray, " _"]]()
    places = features(problem).places
    for axis, (low, high) in enumerate(zip(problem.box.lower, problem.box.upper, strict=True)):
        own = {(2 * one.value - low - high) / (high - low) for one in places if one.axis == axis}
        edges.append(np.array(sorted(own | set(np.linspace(-1.0, 1.0, cells + 1).tolist()))))
    return edges


def _integral(
    problem: Problem, label: str, density: Expression, rule: Quadrature, like: Tensor
) -> Term:
    """A density times the weights of a rule, at its points."""
    places, weights = (torch.from_numpy(each).to(like) for each in (rule.points, rule.weights))
    return weight_rows(term(problem, label, density, places), weights.square())
