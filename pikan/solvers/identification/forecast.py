"""Equations that were found, solved on beyond the data, with a band."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from scipy.integrate import solve_ivp
from torch import Tensor

from pikan.expression.evaluate import evaluate
from pikan.linalg.dense import orthonormal, solve_square, solve_triangle, triangular_factor
from pikan.linalg.row_pieces import RowFactor
from pikan.problem.classification import equation_order
from pikan.problem.partials import Partial, partial_name
from pikan.problem.statement import Problem
from pikan.solvers.found import FoundFunction
from pikan.solvers.identification.field_features import field_features
from pikan.solvers.identification.polynomial import term_directions
from pikan.solvers.identification.rows import JointSystem

# Draws of what was found, and moments at which they are told.
_DRAWS, _TIMES = 100, 257
# A draw that is this many times larger than what was measured has left, and stays where it is.
_FAR = 100.0
_ACCURACY = 1e-11
_SEED = 20_261_201


def forecast(
    problem: Problem,
    system: JointSystem,
    factor: RowFactor,
    theta: Float[Tensor, " p"],
    terms: Mapping[str, Sequence[str]],
    quantile: float,
    level: float,
) -> dict[str, FoundFunction]:
    """The unknowns of ordinary differential equations until the moment that is wanted, by name.

    The state at the end of the data and all that was found are drawn together from what the data
    tell of them, and the equations are solved from each. Functions that are read as formulas keep
    to their `terms`: the others of their coefficients are taken to be zero.
    """
    assert problem.forecast is not None
    end = problem.box.upper[0]
    orders = [equation_order(problem, k, 0) for k in range(len(problem.unknowns))]
    state = [Partial(k, (j,)) for k, order in enumerate(orders) for j in range(order)]
    rows, fields = _state_rows(system, state, end), system.fields
    rows = torch.cat([rows, torch.eye(len(theta)).to(theta)[fields:]])
    mean, spread = _with_terms(system, rows @ theta, factor.transposed_solve(rows.mT), terms)
    drawn = _draws(mean, spread)
    times = 0.5 * (end + problem.forecast) + 0.5 * (problem.forecast - end) * np.cos(
        np.pi * np.linspace(1.0, 0.0, _TIMES)
    )
    found = _solve_on(problem, system, state, drawn, times)
    told: dict[str, FoundFunction] = {}
    for name in problem.unknowns:
        values = found[state.index(Partial(problem.unknowns.index(name), (0,)))]
        center = values[0]
        errors = np.sqrt(((values[1:] - center) ** 2).mean(axis=0))
        told[name] = FoundFunction(
            arguments=problem.coordinates,
            axes=(tuple(times.tolist()),),
            values=tuple(center.tolist()),
            standard_errors=tuple(errors.tolist()),
            lower=tuple((center - quantile * errors).tolist()),
            upper=tuple((center + quantile * errors).tolist()),
            level=level,
            coefficients={},
            terms={},
            formula="",
        )
    return told


def _state_rows(system: JointSystem, state: Sequence[Partial], end: float) -> Float[Tensor, "_ p"]:
    """What the state at a moment is of θ."""
    network = system.network
    points = torch.tensor([[end]]).to(network.coefficients)
    at = field_features(network, points, frozenset(one.orders for one in state))
    rows = network.coefficients.new_zeros(len(state), *network.coefficients.shape)
    for row, one in zip(rows, state, strict=True):
        columns = slice(None) if at.columns is None else at.columns[0]
        row[columns, one.unknown] = at.values[one.orders][0]
    beside = rows.new_zeros(len(state), len(system.find))
    return torch.cat([rows.detach().flatten(1), beside], dim=1)


def _with_terms(
    system: JointSystem,
    mean: Float[Tensor, " k"],
    spread: Float[Tensor, "p k"],
    terms: Mapping[str, Sequence[str]],
) -> tuple[Float[Tensor, " k"], Float[Tensor, "p k"]]:
    """What is known once functions have no other terms than those read of them.

    A Gaussian of covariance spreadᵀ spread, on the condition that what other terms add is zero.
    """
    first = len(mean) - len(system.find) - system.fields
    for one in system.functions:
        kept = terms.get(one.known.name, ())
        if not kept:
            continue
        directions = term_directions(one, kept)
        every = torch.cat([directions, torch.eye(len(directions)).to(directions)], dim=1)
        others = orthonormal(every)[0][:, len(kept) :]
        rows = mean.new_zeros(others.shape[1], len(mean))
        rows[:, first + one.places] = others.mT
        along, triangle = orthonormal(spread @ rows.mT)
        change = solve_triangle(triangle, rows @ mean, transposed=True)
        mean = mean - spread.mT @ (along @ change)
        spread = spread - along @ (along.mT @ spread)
    return mean, spread


def _draws(mean: Float[Tensor, " k"], spread: Float[Tensor, "p k"]) -> Float[np.ndarray, "k _"]:
    """What was found, and behind it draws as likely as the data make them."""
    chance = torch.Generator().manual_seed(_SEED)
    normal = torch.randn(len(mean), _DRAWS, generator=chance, dtype=torch.float64).to(mean)
    drawn = mean[:, None] + triangular_factor(spread).mT @ normal
    return torch.cat([mean[:, None], drawn], dim=1).cpu().numpy()


def _solve_on(
    problem: Problem,
    system: JointSystem,
    state: Sequence[Partial],
    drawn: Float[np.ndarray, "k _"],
    times: Float[np.ndarray, " t"],
) -> Float[np.ndarray, "s _ t"]:
    """The states of all draws at some moments.

    Equations are affine in the highest derivative of each unknown, for which they are solved.
    """
    names = [partial_name(problem, one) for one in state]
    highest = [
        partial_name(problem, Partial(k, (equation_order(problem, k, 0),)))
        for k in range(len(problem.unknowns))
    ]
    parameters = torch.from_numpy(drawn[len(state) :]).to(system.network.coefficients)
    fields = parameters.new_zeros(system.fields)
    values = torch.stack(
        [system.values(torch.cat([fields, one])) for one in parameters.unbind(1)], dim=1
    )
    found = zip((one.name for one in system.find), values.cpu().numpy(), strict=True)
    known = {**problem.constants, **dict(found)}
    first = drawn[: len(state)]
    far = _FAR * system.size
    time = problem.coordinates[0]

    def residuals(
        t: float, now: Mapping[str, float | Float[np.ndarray, " _"]]
    ) -> Float[np.ndarray, "_ e"]:
        given = {**known, time: t, **now}
        made = [evaluate(one.residual, given, np) for one in problem.equations]
        return np.stack([np.broadcast_to(one, first.shape[1:]) for one in made], axis=1)

    def rates(t: float, flat: Float[np.ndarray, " _"]) -> Float[np.ndarray, " _"]:
        now = dict(zip(names, flat.reshape(first.shape), strict=True))
        rest = residuals(t, {**now, **dict.fromkeys(highest, 0.0)})
        columns = [
            residuals(t, {**now, **dict.fromkeys(highest, 0.0), name: 1.0}) - rest
            for name in highest
        ]
        mass = torch.from_numpy(np.stack(columns, axis=2))
        solved = solve_square(mass, torch.from_numpy(-rest)).numpy()
        now |= dict(zip(highest, solved.T, strict=True))
        later = [Partial(one.unknown, (one.orders[0] + 1,)) for one in state]
        made = np.stack([now[partial_name(problem, one)] for one in later])
        left = np.abs(flat.reshape(first.shape)).max(axis=0) > far
        return np.where(left, 0.0, np.nan_to_num(made)).ravel()

    ends = (float(times[0]), float(times[-1]))
    accuracy = _ACCURACY * system.size
    solved = solve_ivp(rates, ends, first.ravel(), "DOP853", times, rtol=_ACCURACY, atol=accuracy)
    # Where no step is small enough for a draw, nothing is known of later moments.
    found = np.full((first.size, len(times)), np.nan)
    found[:, : solved.y.shape[1]] = solved.y
    return found.reshape(*first.shape, -1)
