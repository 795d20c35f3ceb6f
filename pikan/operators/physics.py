"""The residuals of equations and conditions that a DeepONet is trained by, for drawn inputs."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from math import prod, sqrt
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from pikan.jets.jet import MultiIndex
from pikan.operators.maps import Matrix
from pikan.residuals.terms import Term

# Inputs and points of each equation and condition in a step.
_INPUTS, _POINTS = 20, 50

OfInputs = Mapping[MultiIndex, Matrix]
"""Partial derivatives of outputs, a row for each input."""


class OutputPartials(ABC):
    """Outputs of an operator for some inputs, as functions of the coordinates."""

    @abstractmethod
    def at(self, points: Float[Tensor, "n d"], wanted: Collection[MultiIndex]) -> OfInputs:
        """Partial derivatives at points."""


@final
class StatedTerm(NamedTuple):
    """An equation or a condition, and the modes of the input at its points, a row for each."""

    term: Term
    modes: Matrix


@final
@dataclass(frozen=True)
class Physics:
    """Equations and conditions, and inputs for which no output is known.

    `sensors` are the modes of the input where its values are given, `coefficients` those of the
    inputs, a row each. In the terms the input is the name `entering`. Mean squares count `weight`
    times beside those of pairs, which are left out where the equations are `alone`. `lower` and
    `upper` bound the coordinates.
    """

    entering: str
    terms: tuple[StatedTerm, ...]
    sensors: Matrix
    coefficients: Matrix
    weight: float
    alone: bool
    lower: tuple[float, ...]
    upper: tuple[float, ...]

    def draw(self, generator: Generator, spread: float) -> "PhysicsBatch":
        """Some of the inputs, and of the points of every term, at random."""
        some = torch.randperm(len(self.coefficients), generator=generator)[:_INPUTS]
        own = self.coefficients[some]
        parts = list[tuple[Term, float]]()
        for term, modes in self.terms:
            rows = torch.randperm(len(term.points[0]), generator=generator)[:_POINTS]
            chosen = torch.zeros(len(term.points[0]), dtype=torch.bool)
            chosen[rows] = True
            values = own @ modes[:, chosen]
            one = _for_inputs(term.rows(chosen), self.entering, values)
            parts.append((one, self._size(one, spread)))
        return PhysicsBatch(own @ self.sensors, tuple(parts), self.weight)

    def _size(self, term: Term, spread: float) -> float:
        """The natural size of a term: what it leaves of zero, and of outputs of a size.

        A derivative is as large as the output over half the interval, for each of its orders.
        """
        zeros = {name: torch.zeros_like(term.points[0][:, 0]) for name in term.derivatives}
        found, slopes = term.value_and_derivatives(zeros)
        squares = float(found.square().mean())
        for name, slope in slopes.items():
            orders = term.derivatives[name].partial.orders
            ends = zip(self.lower, self.upper, orders, strict=True)
            unit = prod((2.0 / (high - low)) ** order for low, high, order in ends)
            squares += float(slope.square().mean()) * (spread * unit) ** 2
        return sqrt(squares) or 1.0


@final
@dataclass(frozen=True)
class PhysicsBatch:
    """The values of some inputs, and terms on points of all of them with their natural sizes."""

    inputs: Matrix
    parts: tuple[tuple[Term, float], ...]
    weight: float

    def rows(self, outputs: OutputPartials) -> Float[Tensor, " r"]:
        """The residuals, whose squares add up to the weighted mean squares of all terms."""
        count, found = len(self.inputs), list[Tensor]()
        for term, size in self.parts:
            fields = list[Mapping[MultiIndex, Tensor]]()
            for number, points in enumerate(term.points):
                own = points[: len(points) // count]
                there = outputs.at(own, term.needed_partials(number))
                fields.append({index: one.flatten()[:, None] for index, one in there.items()})
            left = term.residual(tuple(fields))
            found.append(left * (sqrt(self.weight / len(left)) / size))
        return torch.cat(found)


def _for_inputs(term: Term, entering: str, values: Matrix) -> Term:
    """A term for several inputs, one after the other, each on all of its points."""
    count = len(values)
    known = {
        name: one.repeat(count) if isinstance(one, Tensor) else one
        for name, one in term.known.items()
    }
    known[entering] = values.flatten()
    return replace(term, points=tuple(p.repeat(count, 1) for p in term.points), known=known)
