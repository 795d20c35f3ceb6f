"""Candidates and left side of an equation over test functions, and what noise does to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate
from pikan.expression.tree import Expression, Name, fold
from pikan.problem.partials import HasNames, Partial, partials
from pikan.solvers.discovery.bump_functions import BumpFunctions
from pikan.solvers.discovery.measured_grid import Derivative, MeasuredGrid, smoothed_derivatives
from pikan.solvers.discovery.weak_term import WeakTerm, weak_term, without_noise

# No formula that is read from a file has a name with a space in it.
_VARIANCE = "variance of "


@final
@dataclass(frozen=True, eq=False)
class WeakCandidate:
    """A candidate or left side in weak form; `corrected` is its flux less the mean of noise.

    `slopes` has the derivative of the flux by each name of a field or a derivative that it holds.
    """

    weak: WeakTerm
    corrected: Expression
    slopes: Mapping[str, Expression]


def weak_candidate(named: HasNames, written: Expression) -> WeakCandidate:
    """A candidate as it is integrated."""
    weak = weak_term(named, written)
    variances = [Name(_VARIANCE + name) for name in named.unknowns]
    held = partials(named, weak.flux)
    corrected = without_noise(named, weak.flux, variances)
    return WeakCandidate(
        weak, corrected, {name: fold(differentiate(weak.flux, name)) for name in held}
    )


@final
@dataclass(frozen=True, eq=False)
class WeakForm:
    """Equations over the test functions of a measured grid.

    `coordinates` are the coordinates at the points of the grid; `derivatives` those of smoothed
    fields that stand in a flux.
    """

    named: HasNames
    constants: Mapping[str, float]
    grid: MeasuredGrid
    coordinates: Mapping[str, Float[Tensor, "*n"]]
    derivatives: Mapping[str, tuple[int, Derivative]]

    @property
    def values(self) -> int:
        """The number of measured values."""
        return sum(field.numel() for field in self.grid.fields)

    def integrals(
        self,
        tests: BumpFunctions,
        candidate: WeakCandidate,
        fields: Sequence[Float[Tensor, "*n"]],
        corrected: bool,
    ) -> Float[Tensor, " r"]:
        """The integral of a candidate over each test function.

        `corrected` takes out what noise adds to the mean; fields without noise need none of that.
        """
        flux = candidate.corrected if corrected else candidate.weak.flux
        return tests.integrals(candidate.weak.orders, self._evaluate(flux, self._values(fields)))

    def sensitivity(
        self,
        tests: BumpFunctions,
        weighted: Sequence[tuple[WeakCandidate, float]],
        fields: Sequence[Float[Tensor, "*n"]],
    ) -> Float[Tensor, "r m g"]:
        """The derivative of a weighted sum of candidates' integrals by every measured value."""
        values = self._values(fields)
        found = fields[0].new_zeros(tests.number, len(fields), fields[0].numel())
        by_place: dict[tuple[tuple[int, ...], str], Float[Tensor, "*n"]] = {}
        for candidate, weight in weighted:
            for name, slope in candidate.slopes.items():
                key = candidate.weak.orders, name
                made = weight * self._evaluate(slope, values)
                by_place[key] = by_place[key] + made if key in by_place else made
        for (orders, name), slope in by_place.items():
            rows = tests.rows(orders) * slope.flatten()
            if name in self.derivatives:
                unknown, derivative = self.derivatives[name]
                shaped = rows.view(-1, *fields[0].shape)
                found[:, unknown] += derivative.adjoint(shaped).flatten(1)
            else:
                found[:, self.named.unknowns.index(name)] += rows
        return found

    def _values(
        self, fields: Sequence[Float[Tensor, "*n"]]
    ) -> Mapping[str, Float[Tensor, "*n"] | float]:
        variances = {
            _VARIANCE + name: noise**2
            for name, noise in zip(self.named.unknowns, self.grid.noise, strict=True)
        }
        slopes = {name: one(fields[k]) for name, (k, one) in self.derivatives.items()}
        own = dict(zip(self.named.unknowns, fields, strict=True))
        return {**self.constants, **self.coordinates, **variances, **own, **slopes}

    def _evaluate(
        self, formula: Expression, values: Mapping[str, Float[Tensor, "*n"] | float]
    ) -> Float[Tensor, "*n"]:
        made = evaluate(formula, values, torch)
        like = self.grid.fields[0]
        return made if isinstance(made, Tensor) else torch.full_like(like, made)


def weak_form(
    named: HasNames,
    constants: Mapping[str, float],
    grid: MeasuredGrid,
    candidates: Sequence[WeakCandidate],
) -> WeakForm:
    """All that is needed to integrate some candidates."""
    mesh = torch.meshgrid(*grid.axes, indexing="ij")
    coordinates = dict(zip(named.coordinates, mesh, strict=True))
    wanted: dict[int, dict[str, Partial]] = {}
    for candidate in candidates:
        for name, one in partials(named, candidate.weak.flux).items():
            if any(one.orders):
                wanted.setdefault(one.unknown, {})[name] = one
    derivatives: dict[str, tuple[int, Derivative]] = {}
    for unknown, needed in wanted.items():
        made = smoothed_derivatives(grid, unknown, [one.orders for one in needed.values()])
        derivatives |= {name: (unknown, made[one.orders]) for name, one in needed.items()}
    return WeakForm(named, constants, grid, coordinates, derivatives)
