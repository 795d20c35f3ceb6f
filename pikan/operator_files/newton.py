"""Newton's method on the equations of an operator file, from what the operator gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float
from scipy.interpolate import make_interp_spline
from torch import Tensor

from pikan import factory
from pikan.linalg.dense import least_squares
from pikan.linalg.tensor_product import mode_products
from pikan.network.parameters import with_parameters
from pikan.network.product import FullProduct
from pikan.operator_files.pairs import RandomField, field_values, grids_of, random_field, with_field
from pikan.operators.operator import Array, Correction, Equations, OperatorError
from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.optimize.outcome import Outcome
from pikan.planning.by_hand import with_values
from pikan.planning.planner import complete
from pikan.problem.statement import Problem, with_constants
from pikan.residuals.relative_residual import largest_relative_residual
from pikan.solvers.collocation_grid import chebyshev_nodes
from pikan.solvers.decay import next_degrees
from pikan.solvers.level import distance, run_quietly
from pikan.solvers.spectral.level import PRefinement, diagnose
from pikan.solvers.spectral.limits import affordable
from pikan.solvers.spectral.product_objective import product_objective
from pikan.spec.operators import OperatorStatement
from pikan.spec.stages.climb import ClimbSettings, ClimbStage

# The steps are Newton's own.
_UNDAMPED = 1e-28
# Degrees to begin with, of one coordinate and of several.
_DEGREE_1D, _DEGREE = 24, 12
# Coefficients may be left out below this part of the square of the last step, which the error is
# about as large as, and below this part of the largest.
_BESIDE, _NEGLIGIBLE = 1e-2, 1e-12
# What modes may leave of an input, and their numerical rank.
_INPUT, _CUTOFF = 1e-4, 1e-12
# The degree of the splines between the values of an output.
_SPLINE = 5


@final
class _Discretization(NamedTuple):
    """The problem with a field for its input, and the expansions that its solutions are sought in.

    `values` are those of the field's modes where inputs are given, `grids` the places of outputs.
    """

    problem: Problem
    field: RandomField
    values: Float[Tensor, "_ _"]
    settings: PRefinement
    grids: Sequence[Array]


@final
@dataclass(frozen=True)
class StatedEquations(Equations):
    """The equations and conditions of an operator file."""

    stated: OperatorStatement

    def correct(self, inputs: Array, outputs: Array, steps: int) -> Correction:
        """Newton's steps for each pair, in an expansion whose degrees follow from its decay."""
        made = self._discretization
        given = torch.from_numpy(inputs.reshape(len(inputs), -1))
        modes = least_squares(made.values.mT, given.mT, _CUTOFF).mT
        left = (modes @ made.values - given).norm(dim=1)
        sizes = given.norm(dim=1)
        if bool((left > _INPUT * sizes).any()):
            worst = int((left / sizes).argmax())
            raise OperatorError(
                f"input {worst} is no sum of the modes of its law, which leave "
                f"{float(left[worst] / sizes[worst]):.1e} of it; give one that is as smooth"
            )
        found = [
            _newton(made, dict(zip(made.field.names, row, strict=True)), output, steps)
            for row, output in zip(modes.tolist(), outputs, strict=True)
        ]
        values, residuals = zip(*found, strict=True)
        return Correction(np.stack(values), np.stack(residuals))

    @cached_property
    def _discretization(self) -> _Discretization:
        stated = self.stated
        assert stated.problem is not None
        assert stated.spec is not None
        if len(stated.problem.unknowns) > 1:
            raise OperatorError(
                "Newton's method starts from all unknowns, and the operator gives one of "
                f"{len(stated.problem.unknowns)}; take an operator of a problem with one"
            )
        field = random_field(stated)
        problem = with_field(stated.problem, stated.settings.operator.input, field)
        asked = ClimbSettings()
        plain = with_values(stated.spec, network=None, training=(ClimbStage(climb=asked),))
        spec, _ = complete(plain, problem)
        settings = factory.p_refinement_settings(spec, problem, asked)
        values = torch.from_numpy(field_values(stated, field))
        return _Discretization(problem, field, values, settings, tuple(grids_of(problem).values()))


def _newton(
    made: _Discretization, modes: dict[str, float], output: Array, steps: int
) -> tuple[Array, Float[np.ndarray, " _"]]:
    """An output after Newton's steps, and the relative residual before and after each."""
    problem, settings = with_constants(made.problem, modes), made.settings
    one = problem.box.dimension == 1
    degrees = (_DEGREE_1D if one else _DEGREE,) * problem.box.dimension
    largest = min(settings.largest, settings.dense)
    outcome = Outcome("finished", "Newton's steps are taken")
    while True:
        # Operators are of boxes, which do not fall into pieces.
        network = settings.network(degrees)
        assert isinstance(network, FullProduct)
        network = _interpolant(made, network, output)
        compared, change = settings.samples.points, 0.0
        residuals = [largest_relative_residual(problem, network, settings.samples).relative]
        for _ in range(steps):
            start = network.coefficients.detach().flatten()
            objective = product_objective(problem, network, start)
            stage = LevenbergMarquardt(steps=1, damping=_UNDAMPED)
            moved = with_parameters(network, run_quietly(stage, objective, start).theta)
            with torch.no_grad():
                change = distance(network(compared), moved(compared))
            network = moved
            left = largest_relative_residual(problem, network, settings.samples)
            residuals.append(left.relative)
        level = diagnose(network, outcome, settings.samples, largest, determined=False, near=True)
        aim = next_degrees(level.decay, max(_BESIDE * change**2, _NEGLIGIBLE))
        following = affordable(problem, settings, level, degrees, aim)
        if following == degrees:
            break
        degrees = following
    points = torch.cartesian_prod(*map(torch.from_numpy, made.grids))
    with torch.no_grad():
        values = network(points.reshape(-1, len(made.grids)).to(network.center))[:, 0]
    return values.double().cpu().numpy().reshape(output.shape), np.array(residuals)


def _interpolant(made: _Discretization, network: FullProduct, output: Array) -> FullProduct:
    """The expansion through the values of an output, by splines between them."""
    values, factors = output, list[Float[Tensor, "_ _"]]()
    box, count = made.problem.box, made.problem.box.dimension
    for axis, (basis, grid) in enumerate(zip(network.axes(), made.grids, strict=True)):
        low, high = box.lower[axis], box.upper[axis]
        nodes = chebyshev_nodes(low, high, basis.size)
        values = make_interp_spline(grid, values, k=_SPLINE, axis=axis)(nodes)
        unit = torch.from_numpy((2.0 * nodes - low - high) / (high - low)).to(network.center)
        design = basis.derivatives(unit[:, None], 0)[0, :, 0]
        factors.append(least_squares(design, torch.eye(basis.size).to(design), _CUTOFF))
    assert values.ndim == count
    coefficients = mode_products(tuple(factors), torch.from_numpy(values).to(network.center))
    return with_parameters(network, coefficients.flatten())
