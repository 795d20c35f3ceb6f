"""Rows of a joint fit: equations, conditions and observations over fields and constants."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.expression.tree import Name, names, subtract
from pikan.linalg.dense import triangular_factor
from pikan.linalg.frontal import Front, fronts
from pikan.linalg.row_pieces import RowFactor, RowPiece, factorize
from pikan.network.parameters import with_parameters
from pikan.network.product import FullProduct
from pikan.problem.statement import Problem, UnknownConstant
from pikan.references.observations import Observation
from pikan.residuals.terms import CollocationPoints, Term, term, terms
from pikan.solvers.identification.field_features import (
    FieldFeatures,
    field_features,
    spline_axis,
)
from pikan.solvers.identification.functions import (
    FunctionRows,
    function_rows,
    in_logarithms,
    out_of_logarithms,
    start_value,
)
from pikan.solvers.time_marching.spline_objective import spline_by_spline

# No formula that is read from a file has a name with a space in it.
_MEASURED = "measured value"
# Where nothing else says so, a field is not larger than this many times what was measured of it.
_FIELD_PRIOR = 30.0
# A constant without a range is not larger than this many times its guess.
_CONSTANT_PRIOR = 1e3
# Coefficients that a function does not have are as large as this part of what was measured.
_ABSENT = 1e-12

Kind = Literal["equation", "observation"]


class SufficientStatistics(NamedTuple):
    """Many values of one unknown in few rows: |features c - values|² = |triangle c - target|² + s.

    What is left, s, does not depend on c.
    """

    unknown: int
    triangle: Float[Tensor, "q q"]
    target: Float[Tensor, " q"]


@final
@dataclass(frozen=True)
class RowGroup:
    """The rows of one term; `kind` "equation" stands for all that is known to hold exactly.

    `noise` is the standard deviation of each measured value, None where it is to be estimated.
    `features` are those of the network at the points, by partial derivative; `constants` has the
    places of the unknown constants that the formula holds. `statistics` stand for values of an
    unknown itself, where there are more of them than coefficients and all have the same noise.
    `columns` has the places in θ of the entries of each row, None where a row has all.
    """

    kind: Kind
    term: Term
    features: tuple[FieldFeatures, ...]
    constants: tuple[int, ...]
    noise: Float[Tensor, " n"] | None = None
    statistics: SufficientStatistics | None = None
    columns: Int[Tensor, "n _"] | None = None


class Quantities(NamedTuple):
    """What is to be told, and its derivative with respect to θ."""

    values: Float[Tensor, " c"]
    jacobian: Float[Tensor, "c p"]


@final
@dataclass(frozen=True)
class JointSystem:
    """Everything that is known of the fields of a network and the constants of a problem.

    θ has the coefficients of the network, then one parameter for each constant: its value, or the
    logarithm of it. `size` is the largest value measured. `functions` among them are smooth to the
    `strengths` by their names; coefficients with places `absent` are zero. `steps` eliminate the
    columns of rows with few entries.
    """

    problem: Problem
    network: FullProduct
    groups: tuple[RowGroup, ...]
    size: float
    functions: tuple[FunctionRows, ...]
    strengths: Mapping[str, float]
    absent: Int[Tensor, " _"]
    steps: tuple[Front, ...] | None = None

    @property
    def find(self) -> tuple[UnknownConstant, ...]:
        """The constants to be found, coefficients of functions among them."""
        return self.problem.find

    @property
    def fields(self) -> int:
        """The number of coefficients, which come first in θ."""
        return self.network.coefficients.numel()

    def values(self, theta: Float[Tensor, " p"]) -> Float[Tensor, " c"]:
        """The constants at θ."""
        kinds = torch.tensor([one.logarithmic for one in self.find], dtype=torch.bool)
        found = theta[self.fields :]
        return torch.where(kinds, torch.where(kinds, found, torch.zeros_like(found)).exp(), found)

    def slopes(self, theta: Float[Tensor, " p"]) -> Float[Tensor, " c"]:
        """The derivative of each constant with respect to its parameter."""
        values = self.values(theta)
        kinds = torch.tensor([one.logarithmic for one in self.find], dtype=torch.bool)
        return torch.where(kinds, values, torch.ones_like(values))

    def fields_at(self, theta: Float[Tensor, " _"]) -> FullProduct:
        """The fields at θ, positive functions themselves instead of their logarithms."""
        return out_of_logarithms(self.problem, with_parameters(self.network, theta[: self.fields]))

    @property
    def constants(self) -> tuple[int, ...]:
        """The places in `find` of what is no coefficient of a function."""
        among = {name for one in self.functions for name in one.known.coefficients}
        return tuple(k for k, one in enumerate(self.find) if one.name not in among)

    def quantities(self, theta: Float[Tensor, " p"]) -> Quantities:
        """What is to be told, and how it changes with θ: constants, then functions at points."""
        values, rows = self.values(theta), torch.diag(self.slopes(theta))
        chosen = list(self.constants)
        told = [theta.new_zeros(len(chosen), len(theta))]
        told[0][:, self.fields :] = rows[chosen]
        at = [values[chosen]]
        for one in self.functions:
            row = theta.new_zeros(len(one.columns), len(theta))
            row[:, one.places] = one.columns
            told.append(row)
            at.append(one.columns @ theta[one.places])
        return Quantities(torch.cat(at), torch.cat(told))

    def clamp(self, theta: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """The same θ with every constant moved into its range."""
        lower, upper = (
            theta.new_tensor([parameter(one, getattr(one, end)) for one in self.find])
            for end in ("lower", "upper")
        )
        inside = theta[self.fields :].clamp(lower, upper)
        return torch.cat([theta[: self.fields], inside])

    def linearize(
        self, theta: Float[Tensor, " p"], deviations: Sequence[Float[Tensor, " _"]]
    ) -> list[RowPiece]:
        """The rows at θ, over the standard deviations of each group, and weak priors below them."""
        parts = [self.information_rows(one, theta) for one in self.groups]
        scaled = [
            part.weigh(spread[: len(part.residual)])
            for part, spread in zip(parts, deviations, strict=True)
        ]
        smooth = [self._smoothness(one, theta) for one in self.functions]
        return [*scaled, self._priors(theta), *smooth]

    def information_rows(self, group: RowGroup, theta: Float[Tensor, " p"]) -> RowPiece:
        """Rows with the gradient and the JᵀJ of a group's: itself, or its sufficient statistics."""
        known = group.statistics
        if known is None:
            return self.rows(group, theta)
        shape = self.network.coefficients.shape
        coefficients = theta[: self.fields].view(shape)[:, known.unknown]
        jacobian = theta.new_zeros(len(known.target), *shape)
        jacobian[:, :, known.unknown] = known.triangle
        beside = theta.new_zeros(len(known.target), len(self.find))
        return RowPiece(
            known.triangle @ coefficients - known.target,
            torch.cat([jacobian.flatten(1), beside], dim=1),
        )

    def rows(self, group: RowGroup, theta: Float[Tensor, " p"]) -> RowPiece:
        """The rows of one group at θ, in its own units."""
        columns = self._columns(group, theta)
        partials = group.term.column_derivatives(columns)
        count, unknowns = len(group.term.points[0]), self.network.coefficients.shape[1]
        width = group.features[0].width
        design = theta.new_zeros(count, len(group.features), width, unknowns)
        for name, (place, partial) in group.term.derivatives.items():
            made = group.features[place].values[partial.orders]
            design[:, place, :, partial.unknown] += partials[name][:, None] * made
        beside, slopes = theta.new_zeros(count, len(self.find)), self.slopes(theta)
        for k in group.constants:
            beside[:, k] = partials[self.find[k].name] * slopes[k]
        entries = torch.cat([design.flatten(2).sum(dim=1), beside], dim=1)
        if group.columns is not None:
            entries = torch.cat([design.flatten(1), beside], dim=1)
        return RowPiece(group.term.evaluate(columns), entries, group.columns)

    def magnitude(self, group: RowGroup, theta: Float[Tensor, " p"]) -> float:
        """The root mean square of what each derivative of a field adds to a group's formula."""
        columns = self._columns(group, theta)
        partials = group.term.column_derivatives(columns)
        squares = [
            (partials[name] * columns[name]).square().mean() for name in group.term.derivatives
        ]
        return float(torch.stack(squares).sum().sqrt())

    def _columns(
        self, group: RowGroup, theta: Float[Tensor, " p"]
    ) -> dict[str, Float[Tensor, " n"]]:
        """What the names of derivatives and unknown constants in a group's formula stand for."""
        coefficients = theta[: self.fields].view_as(self.network.coefficients)
        fields = tuple(one.fields(coefficients) for one in group.features)
        count, values = len(group.term.points[0]), self.values(theta)
        named = {self.find[k].name: values[k].expand(count) for k in group.constants}
        return {**group.term.columns(fields), **named}

    def _priors(self, theta: Float[Tensor, " p"]) -> RowPiece:
        """What keeps finite what nothing else determines: wide Gaussian priors."""
        widths = torch.full_like(theta, _FIELD_PRIOR * self.size)
        centers = torch.zeros_like(theta)
        for k, one in enumerate(self.find):
            widths[self.fields + k] = prior_width(one)
            centers[self.fields + k] = parameter(one, one.guess)
        for one in self.functions:
            guess = start_value(one.known)
            scale = self.size if one.known.coefficients else abs(guess) or 1.0
            widths[one.places] = _CONSTANT_PRIOR * (1.0 if one.known.positive else scale)
            centers[one.places[0]] = guess
        widths[self.absent] = _ABSENT * self.size
        every = torch.arange(len(theta), device=theta.device)[:, None]
        return RowPiece((theta - centers) / widths, 1.0 / widths[:, None], every)

    def _smoothness(self, one: FunctionRows, theta: Float[Tensor, " p"]) -> RowPiece:
        """The prior of an unknown function: its second derivatives are not large."""
        rows = self.strengths[one.known.name] ** 0.5 * one.rough
        places = one.places.to(theta.device)
        return RowPiece(rows @ theta[places], rows, places.expand(len(rows), -1))

    def factorize(self, pieces: Sequence[RowPiece], damping: float = 0.0) -> RowFactor:
        """R of the rows at some θ."""
        return factorize(pieces, self.fields + len(self.find), self.steps, damping)


def parameter(one: UnknownConstant, value: float) -> float:
    """What stands in θ for a value of a constant."""
    if not one.logarithmic:
        return value
    return float(torch.tensor(value, dtype=torch.float64).log())


def prior_width(one: UnknownConstant) -> float:
    """The standard deviation that a constant's parameter has before any data."""
    lower, upper = parameter(one, one.lower), parameter(one, one.upper)
    if upper - lower < float("inf"):
        return upper - lower
    if one.logarithmic:
        return float(torch.tensor(_CONSTANT_PRIOR).log())
    return _CONSTANT_PRIOR * (abs(one.guess) or 1.0)


def joint_system(problem: Problem, network: FullProduct, points: CollocationPoints) -> JointSystem:
    """The rows of a problem on the points of its equations, and those of its observations."""
    stated = in_logarithms(problem)
    exact = [_Stated("equation", one, None) for one in terms(stated, points)]
    measured = [_observation_rows(stated, one, network) for one in stated.observations]
    groups = tuple(_groups(problem, network, [*exact, *measured]))
    size = max(float(abs(one.values).max()) for one in problem.observations)
    functions = function_rows(problem, network)
    strengths = {one.known.name: 1.0 for one in functions.rows}
    system = JointSystem(
        problem, network, groups, size or 1.0, functions.rows, strengths, functions.absent
    )
    return replace(system, steps=_steps(system))


def _steps(system: JointSystem) -> tuple[Front, ...] | None:
    """The steps that eliminate columns spline by spline, constants last; None without splines."""
    axis = spline_axis(system.network)
    if axis is None:
        return None
    fields = spline_by_spline(system.network, axis)
    constants = torch.arange(system.fields, system.fields + len(system.find)).to(fields)
    theta = system.network.coefficients.new_zeros(len(fields) + len(constants))
    ones = [torch.ones_like(one.term.points[0][:, 0]) for one in system.groups]
    columns = [one.columns for one in system.linearize(theta, ones) if one.columns is not None]
    # The coefficients of one spline at a time: those of the next are known by fewer rows yet.
    at_once = len(fields) // system.network.axes()[axis].size
    return fronts(columns, torch.cat([fields, constants]), at_once)


class _Stated(NamedTuple):
    """A term, its kind and the noise of its values, None where it has none or it is not known."""

    kind: Kind
    term: Term
    noise: Float[Tensor, " n"] | None


def _observation_rows(problem: Problem, one: Observation, network: FullProduct) -> _Stated:
    """An observation as a term: its formula minus what was measured."""
    like = network.coefficients
    points = torch.from_numpy(one.points).to(like)
    made = term(problem, one.label, subtract(one.formula, Name(_MEASURED)), points)
    values = torch.from_numpy(one.values).to(like)
    noise = None if one.noise is None else torch.from_numpy(one.noise).to(like)
    known = {**made.known, _MEASURED: values}
    return _Stated("observation", replace(made, known=known), noise)


def _groups(
    problem: Problem,
    network: FullProduct,
    stated: Sequence[_Stated],
) -> Iterator[RowGroup]:
    for kind, one, noise in stated:
        features = tuple(
            field_features(network, points, one.needed_partials(place))
            for place, points in enumerate(one.points)
        )
        held = names(one.formula)
        constants = tuple(k for k, known in enumerate(problem.find) if known.name in held)
        group = RowGroup(kind, one, features, constants, noise)
        columns = _places(problem, network, features)
        yield replace(group, statistics=_statistics(group), columns=columns)


def _places(
    problem: Problem, network: FullProduct, features: Sequence[FieldFeatures]
) -> Int[Tensor, "n _"] | None:
    """The places in θ of the entries of rows with some features, constants last."""
    fields, unknowns = network.coefficients.numel(), network.coefficients.shape[1]
    unknown = torch.arange(unknowns, device=network.coefficients.device)
    found: list[Int[Tensor, "n _"]] = []
    for at in features:
        if at.columns is None:
            return None
        found.append((at.columns[:, :, None] * unknowns + unknown).flatten(1))
    constants = torch.arange(fields, fields + len(problem.find)).to(found[0])
    return torch.cat([*found, constants.expand(len(found[0]), -1)], dim=1)


def _statistics(group: RowGroup) -> SufficientStatistics | None:
    """The sufficient statistics of a group, None where it is needed value by value."""
    unknown, noise = measured_unknown(group), group.noise
    if unknown is None or (noise is not None and bool((noise != noise[0]).any())):
        return None
    if group.features[0].columns is not None:
        return None
    features = next(iter(group.features[0].values.values()))
    count, size = features.shape
    if count <= size:
        return None
    factor = triangular_factor(torch.cat([features, measured_values(group)[:, None]], dim=1))
    return SufficientStatistics(unknown, factor[:size, :size], factor[:size, size])


def measured_values(group: RowGroup) -> Float[Tensor, " n"]:
    """The values that a group of observations was given."""
    columns = [one for one in group.term.known.values() if isinstance(one, Tensor)]
    return columns[-1]


def measured_unknown(group: RowGroup) -> int | None:
    """The unknown that a group has values of, None where it has those of another formula."""
    derivatives = list(group.term.derivatives.items())
    if group.kind != "observation" or len(derivatives) != 1 or group.constants:
        return None
    ((name, (_, partial)),) = derivatives
    alone = group.term.formula
    direct = not any(partial.orders) and getattr(alone, "left", None) == Name(name)
    return partial.unknown if direct else None
