"""Members of a family: problems for one value of each parameter, solved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.expression.tree import number_text
from pikan.network.parametric import ParametricProduct
from pikan.problem.statement import Problem
from pikan.sampling.held_out import HeldOut
from pikan.solvers.level import SolverResult, distance
from pikan.solvers.replay import Event, Events, map_events, memoize


@final
@dataclass(frozen=True)
class FamilySettings:
    """What a family is made with.

    `solve` solves the member for some values; `like` is a member that has been solved near it.
    `samples` are points of the coordinates. At most so many nodes as `largest` are solved.
    """

    accuracy: float
    largest: int
    solve: Callable[[Mapping[str, float], SolverResult | None], Events[SolverResult]]
    samples: HeldOut
    seed: int


@final
class SolvedMember(NamedTuple):
    """A solved member, and its values at the samples."""

    place: tuple[float, ...]
    level: SolverResult
    values: Float[Tensor, "n m"]

    @property
    def estimate(self) -> float:
        """Its own estimated error, zero where it has none."""
        return 0.0 if self.level.estimate is None else self.level.estimate

    @property
    def is_broken(self) -> bool:
        """Whether it is no solution."""
        diverged = self.level.outcome.kind == "diverged"
        return diverged or not bool(self.values.isfinite().all())


def solve_member(
    problem: Problem,
    settings: FamilySettings,
    place: tuple[float, ...],
    members: Sequence[SolvedMember],
) -> Events[SolvedMember]:
    """The member at a place from -1 to 1 along each parameter, begun like the nearest one."""
    values = {
        one.name: one.value(unit) for one, unit in zip(problem.parameters, place, strict=True)
    }
    label = ", ".join(f"{name} = {number_text(float(f'{v:.6g}'))}" for name, v in values.items())
    apart = [sum((a - b) ** 2 for a, b in zip(m.place, place, strict=True)) for m in members]
    near = members[apart.index(min(apart))] if members else None
    level = yield from memoize(
        map_events(
            settings.solve(values, None if near is None else near.level),
            lambda event: Event(label, event.progress, lambda: None, event.in_progress),
        ),
        SolverResult,
    )
    with torch.no_grad():
        return SolvedMember(place, level, level.network(settings.samples.points))


def flat_values(settings: FamilySettings, values: Float[Tensor, "n m"]) -> Float[Tensor, " _"]:
    """Values whose mean square is that over the domain, as one vector."""
    return settings.samples.weight(values).flatten() / sqrt(len(values))


def member_error(
    problem: Problem, settings: FamilySettings, network: ParametricProduct, one: SolvedMember
) -> float:
    """The relative L2 error of a family at the place of a member."""
    values = [p.value(unit) for p, unit in zip(problem.parameters, one.place, strict=True)]
    with torch.no_grad():
        found = network.at(values)(settings.samples.points)
    return distance(settings.samples.weight(found), settings.samples.weight(one.values))
