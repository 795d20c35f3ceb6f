"""Other solutions of a problem: what each is known by, and which was taken of them."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.base import Network
from pikan.optimize.outcome import Alternative
from pikan.problem.statement import Problem
from pikan.sampling.held_out import HeldOut
from pikan.solvers.level import distance

# Solutions nearer to each other than this are one, found twice; on levels of few coefficients a
# solution may be this far from what it is on higher ones.
SAME, COARSE = 2e-3, 1e-2
_ROUNDING = 1e-9


class Alternatives(NamedTuple):
    """Solutions apart from the one that was taken, with the sentence that tells of them."""

    others: tuple[Alternative, ...]
    sentence: str


def alternatives(
    problem: Problem, samples: HeldOut, taken: Network, found: Sequence[Network]
) -> Alternatives | None:
    """Those of the solutions found, the least bent one first, that are not the one taken.

    None where there are none.
    """
    values = _values(samples, taken)
    pairs = [(one, _values(samples, one)) for one in found]
    nearest = min((apart(own, values) for _, own in pairs), default=0.0)
    # The nearest one is the one that was taken, as it was on its first level.
    least = max(SAME, nearest if nearest <= COARSE else 0.0)
    others = tuple(
        _alternative(problem, one, own, values) for one, own in pairs if apart(own, values) > least
    )
    if not others:
        return None
    return Alternatives(others, _several(problem, others, reason=len(others) < len(found)))


def apart(one: Float[Tensor, "n m"], other: Float[Tensor, "n m"]) -> float:
    """The difference of two solutions in parts of the larger one."""
    return min(distance(one, other), distance(other, one))


def _values(samples: HeldOut, network: Network) -> Float[Tensor, "n m"]:
    with torch.no_grad():
        return samples.weight(network(samples.points))


def _alternative(
    problem: Problem, other: Network, own: Float[Tensor, "n m"], values: Float[Tensor, "n m"]
) -> Alternative:
    """What a solution with its `own` values is known by, beside those of the one taken."""
    sizes = own.square().mean(dim=0).sqrt()
    with torch.no_grad():
        middle = other(other.center[None])[0]
    # Odd solutions are zero in the middle but for rounding.
    middle = torch.where(middle.abs() > _ROUNDING * sizes, middle, 0.0)
    return Alternative(
        size=dict(zip(problem.unknowns, sizes.tolist(), strict=True)),
        middle=dict(zip(problem.unknowns, middle.tolist(), strict=True)),
        distance=distance(own, values),
    )


def _several(problem: Problem, others: Sequence[Alternative], *, reason: bool) -> str:
    """That there are several solutions, why this one was taken, and how to know the others."""
    box, unknown = problem.box, problem.unknowns[0]
    middle = ", ".join(
        f"{name} = {(low + high) / 2:g}"
        for name, low, high in zip(box.coordinates, box.lower, box.upper, strict=True)
    )
    known = " and ".join(
        f"{unknown} = {one.middle[unknown]:.4g} (root mean square {one.size[unknown]:.4g})"
        for one in others
    )
    because = ", this one with the smallest highest derivatives on average" if reason else ""
    those = "the other has" if len(others) == 1 else "the others have"
    return f"{len(others) + 1} solutions were found{because}; {those} {known} at {middle}"
