"""Unknown functions in a joint fit: the prior that they are smooth, and their values at points.

The prior is Gaussian in the second derivatives (of the logarithm of a positive function), on
arguments scaled to [-1, 1]; its strength is the one of largest evidence.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from math import log
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.expression.tree import Call, Expression, Name, multiply, substitute
from pikan.jets.jet import by_index, closure, coordinates
from pikan.linalg.dense import scaled_least_squares, triangular_factor
from pikan.linalg.row_pieces import RowFactor
from pikan.network.parameters import with_parameters
from pikan.network.product import FullProduct
from pikan.problem import newton_form
from pikan.problem.partials import normals, partials
from pikan.problem.statement import Problem, UnknownFunction
from pikan.problem.vector_calculus import total_derivative
from pikan.solvers.collocation_grid import chebyshev_nodes

# Points along an argument at which a function is told, by the number of arguments.
_TOLD = {1: 33, 2: 15}
_FEW = 7
# Strengths of the prior change by at most this factor at a time, within these bounds.
_CHANGE, _WEAKEST, _STRONGEST = 100.0, 1e-12, 1e12
# Second derivatives may be at least this part of a function, or of one where it is a logarithm.
_STRAIGHT = 1e-2
# The evidence leaves at least so many of the degrees of freedom to the prior.
_LEAST = 1e-2


@final
@dataclass(frozen=True, eq=False)
class FunctionRows:
    """An unknown function by its coefficients c, which have `places` in θ.

    |`rough` c|² is the mean square of its second derivatives, of which `rank` combinations are not
    zero; `columns` c are its values on the product of `axes`.
    """

    known: UnknownFunction
    places: Int[Tensor, " q"]
    rough: Float[Tensor, "_ q"]
    columns: Float[Tensor, "n q"]
    axes: tuple[tuple[float, ...], ...]

    @property
    def rank(self) -> int:
        """The number of coefficients that second derivatives tell of."""
        return max(len(self.places) - 1 - len(self.axes), 1)

    def evident_strength(
        self, theta: Float[Tensor, " p"], factor: RowFactor, strength: float
    ) -> float:
        """A strength of the prior of larger evidence than the one of a fit.

        Source: MacKay 1992, doi 10.1162/neco.1992.4.3.415, equation (4.8).
        """
        rows = theta.new_zeros(len(self.rough), len(theta))
        rows[:, self.places] = self.rough
        spread = factor.transposed_solve(rows.mT)
        told = max(self.rank - strength * float(spread.square().sum()), _LEAST)
        size = float((self.rough @ theta[self.places]).square().sum())
        found = told / max(size, told / _STRONGEST)
        found = min(max(found, strength / _CHANGE), strength * _CHANGE)
        # Where every strength makes a function straighter and is the more evident for it, the prior
        # would end in straight lines, out of which no data lead.
        values = (self.columns @ theta[self.places]).square().mean()
        straight = 1.0 / (_STRAIGHT**2 * max(float(values), float(self.known.positive)) + 1e-300)
        return min(max(found, _WEAKEST), straight, _STRONGEST)


class FunctionsOfFit(NamedTuple):
    """The functions of a problem in θ, and the places there of coefficients that are zero."""

    rows: tuple[FunctionRows, ...]
    absent: Int[Tensor, " _"]


def function_rows(problem: Problem, network: FullProduct) -> FunctionsOfFit:
    """The unknown functions of a problem in the parameters of a joint fit."""
    found: list[FunctionRows] = []
    absent: list[Int[Tensor, " _"]] = []
    for one in problem.functions:
        if one.coefficients:
            found.append(_of_unknowns(problem, network, one))
        else:
            made, zero = _of_coordinates(problem, network, one)
            found.append(made)
            absent.append(zero)
    none = torch.zeros(0, dtype=torch.long)
    return FunctionsOfFit(tuple(found), torch.cat([none, *absent]))


def start_value(one: UnknownFunction) -> float:
    """The value of a function, or its logarithm, where the fit begins."""
    return log(one.guess) if one.positive else one.guess


def _second_orders(count: int) -> Iterator[tuple[tuple[int, ...], float]]:
    """The second partial derivatives by `count` arguments, and how often each is one of them."""
    for i, j in combinations_with_replacement(range(count), 2):
        orders = tuple((k == i) + (k == j) for k in range(count))
        yield orders, 1.0 if i == j else 2.0


def _of_coordinates(
    problem: Problem, network: FullProduct, one: UnknownFunction
) -> tuple[FunctionRows, Int[Tensor, " _"]]:
    """A field of coordinates; it has no coefficients but the first along others."""
    box, bases = problem.box, network.axes()
    axes = [box.coordinates.index(name) for name in one.arguments]
    orders = torch.cartesian_prod(*(torch.arange(basis.size) for basis in bases))
    others = [axis for axis in range(box.dimension) if axis not in axes]
    inside = orders.view(-1, box.dimension)[:, others].sum(dim=1) == 0
    places = torch.arange(len(inside)) * len(problem.unknowns) + problem.unknowns.index(one.name)

    def features(
        nodes: list[Float[np.ndarray, " _"]], partial: tuple[int, ...]
    ) -> Float[Tensor, "n q"]:
        points = np.tile(0.5 * (np.array(box.lower) + np.array(box.upper)), (_size(nodes), 1))
        points[:, axes] = _products(nodes)
        whole = [0] * box.dimension
        for axis, order in zip(axes, partial, strict=True):
            whole[axis] = order
        where = torch.from_numpy(points).to(network.coefficients)
        with torch.no_grad():
            made = by_index(network.features(coordinates(where, closure({tuple(whole)}))))
        return made[tuple(whole)][:, inside]

    bounds = [(box.lower[axis], box.upper[axis]) for axis in axes]
    halves = [0.5 * (high - low) for low, high in bounds]
    nodes = [
        chebyshev_nodes(low, high, bases[axis].size + 2)
        for axis, (low, high) in zip(axes, bounds, strict=True)
    ]
    parts = [
        times**0.5
        * float(np.prod([half**order for half, order in zip(halves, second, strict=True)]))
        * features(nodes, second)
        for second, times in _second_orders(len(axes))
    ]
    rough = triangular_factor(torch.cat(parts) / _size(nodes) ** 0.5)
    told = [_ends_and_between(low, high, len(axes)) for low, high in bounds]
    columns = features(told, (0,) * len(axes))
    shown = tuple(tuple(axis.tolist()) for axis in told)
    return FunctionRows(one, places[inside], rough, columns, shown), places[~inside]


def _of_unknowns(problem: Problem, network: FullProduct, one: UnknownFunction) -> FunctionRows:
    """A polynomial of unknowns over the range in which they were measured."""
    names = [each.name for each in problem.find]
    first, count = network.coefficients.numel(), len(one.arguments)
    places = first + torch.tensor([names.index(name) for name in one.coefficients])
    nodes = [chebyshev_nodes(-1.0, 1.0, one.degree + 2)] * count
    like, grid = network.coefficients, _products(nodes)
    parts = [
        times**0.5 * torch.from_numpy(newton_form.columns(one, grid, second))
        for second, times in _second_orders(count)
    ]
    rough = triangular_factor(torch.cat(parts).to(like) / len(grid) ** 0.5)
    told = [_ends_and_between(-1.0, 1.0, count)] * count
    columns = torch.from_numpy(newton_form.columns(one, _products(told), (0,) * count)).to(like)
    shown: list[tuple[float, ...]] = []
    for argument, axis in zip(one.arguments, told, strict=True):
        center, width = newton_form.scale_names(one, argument)
        values = problem.constants[center] + problem.constants[width] * axis
        shown.append(tuple(values.tolist()))
    return FunctionRows(one, places, rough, columns, tuple(shown))


def _ends_and_between(low: float, high: float, count: int) -> Float[np.ndarray, " _"]:
    """Extrema of a Chebyshev polynomial from one value to another, as many as are told."""
    share = np.cos(np.pi * np.linspace(1.0, 0.0, _TOLD.get(count, _FEW)))
    return 0.5 * (low + high) + 0.5 * (high - low) * share


def _products(nodes: list[Float[np.ndarray, " _"]]) -> Float[np.ndarray, "n d"]:
    mesh = np.meshgrid(*nodes, indexing="ij")
    return np.stack([one.ravel() for one in mesh], axis=1)


def _size(nodes: list[Float[np.ndarray, " _"]]) -> int:
    return int(np.prod([len(one) for one in nodes]))


def in_logarithms(problem: Problem) -> Problem:
    """The problem with exp(a) for every positive function a, whose logarithm is the field then."""
    positive = [one.name for one in problem.functions if one.positive]
    if not positive:
        return problem

    def written(formula: Expression) -> Expression:
        replaced: dict[str, Expression] = {}
        for name, one in partials(problem, formula).items():
            if problem.unknowns[one.unknown] in positive:
                made: Expression = Call("exp", (Name(problem.unknowns[one.unknown]),))
                for axis, order in enumerate(one.orders):
                    for _ in range(order):
                        made = total_derivative(problem, made, axis)
                replaced[name] = made
        for name, unknown in normals(problem, formula).items():
            if problem.unknowns[unknown] in positive:
                value = Call("exp", (Name(problem.unknowns[unknown]),))
                replaced[name] = multiply(value, Name(name))
        return substitute(formula, replaced)

    return replace(
        problem,
        equations=tuple(replace(one, residual=written(one.residual)) for one in problem.equations),
        conditions=tuple(
            replace(one, residual=written(one.residual)) for one in problem.conditions
        ),
        observations=tuple(
            replace(one, formula=written(one.formula)) for one in problem.observations
        ),
    )


def out_of_logarithms(problem: Problem, network: FullProduct) -> FullProduct:
    """The network of a problem from one whose positive functions are logarithms."""
    positive = [problem.unknowns.index(one.name) for one in problem.functions if one.positive]
    if not positive:
        return network
    box = problem.box
    nodes = [
        chebyshev_nodes(low, high, basis.size + 2)
        for low, high, basis in zip(box.lower, box.upper, network.axes(), strict=True)
    ]
    points = torch.from_numpy(_products(nodes)).to(network.coefficients)
    flat = (0,) * box.dimension
    with torch.no_grad():
        made = by_index(network.features(coordinates(points, closure({flat}))))[flat]
        coefficients = network.coefficients.clone()
        for k in positive:
            values = (made @ network.coefficients[:, k]).exp()
            coefficients[:, k] = scaled_least_squares(made, values, 1e-14).solution
    return with_parameters(network, coefficients.flatten())
