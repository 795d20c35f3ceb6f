"""Relative residual: the residual of each equation and condition over the size of its terms."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf, isnan
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pikan.expression.functions import CONSTANTS
from pikan.expression.magnitude import magnitude
from pikan.geometry.domain import BoundaryPart
from pikan.geometry.region import RegionPart
from pikan.jets.jet import MultiIndex
from pikan.network.base import Network
from pikan.network.partials import partials
from pikan.network.piecewise import PiecewiseProduct
from pikan.problem.features import Feature
from pikan.problem.pieces import owners
from pikan.problem.statement import Problem
from pikan.residuals.terms import CollocationPoints, Partials, Term, terms, used_faces
from pikan.sampling.held_out import HeldOut, on_narrow_part
from pikan.sampling.points import on_face
from pikan.sampling.sobol import sobol

# As many points as tell a residual of the first digit from rounding.
_INSIDE, _ON_FACES = 400, 60
# They are the same every time.
_SEED = 20_261_130
# A derivative counts as no less than this part of what unknown and box make natural: where all
# terms are zero but for rounding, a residual of rounding is nothing.
_NATURAL = 1e-3
# Beside another unknown, one that is this much smaller is zero but for rounding, and as large as
# the other is natural for it.
_ROUNDING = 1e-11


# What the label of an equation begins with.
EQUATION = "equation"

Fields = dict[MultiIndex, Tensor]
"""As `residuals.Partials`, on as many points as there are."""


class RelativeResidual(NamedTuple):
    """The label whose residual is the largest part of its terms, and how large a part it is.

    `feature` is the narrow feature in whose cells that is so, in words; None where it is so in
    general.
    """

    label: str
    relative: float
    feature: str | None = None

    def sentence(self) -> str:
        """What does not fit."""
        if self.feature is not None:
            return (
                f"{self.feature}, is not resolved: there '{self.label}' is left with "
                f"{self.relative:.1e} of its terms"
            )
        return f"'{self.label}' is left with a residual of {self.relative:.1e} of its terms"


def largest_relative_residual(
    problem: Problem, network: Network, held_out: HeldOut
) -> RelativeResidual:
    """The worst of all equations and conditions, on points inside and the same moved to faces.

    Narrow features are judged by themselves, inside their own cells. Residuals are root mean
    squares. Terms count where they are largest, on a face or inside: on a face where u = 0 there
    is nothing else to compare u with.
    """
    return largest(misfits(problem, network, held_out))


def largest(left: Iterable[RelativeResidual]) -> RelativeResidual:
    """The one that leaves the largest part of its terms; what is no number leaves the most."""
    return max(left, key=lambda one: inf if isnan(one.relative) else one.relative)


def misfits(problem: Problem, network: Network, held_out: HeldOut) -> Iterator[RelativeResidual]:
    """What is left of every equation and condition, and of each inside narrow features."""
    inside = held_out.points[:_INSIDE]
    faces = used_faces(problem)
    on_faces = {face: moved_to_part(problem, inside[:_ON_FACES], face) for face in faces}
    stated: list[tuple[Term, str | None]] = [
        (one, None) for one in terms(problem, CollocationPoints(inside, on_faces))
    ]
    for feature, points in held_out.inside:
        narrow = {face: _in_feature(problem, feature, points, face) for face in faces}
        own = (points,) if feature.label.startswith(EQUATION) else narrow.values()
        if not any(map(len, own)):
            continue
        there = CollocationPoints(
            points, {face: one if len(one) else on_faces[face] for face, one in narrow.items()}
        )
        said = feature.words()
        stated += [(one, said) for one in terms(problem, there) if one.label == feature.label]
    coordinates = dict(zip(problem.coordinates, inside.unbind(1), strict=True))
    ones = {f"n_{name}": 1.0 for name in problem.coordinates}
    lengths = inside.amax(dim=0) - inside.amin(dim=0)
    with torch.no_grad():
        everywhere, found = fields_at(network, inside, [one for one, _ in stated])
        sizes = everywhere[(0,) * inside.shape[1]].abs().amax(dim=0)
        natural = _NATURAL * torch.where(sizes > _ROUNDING * sizes.max(), sizes, sizes.max())
        for (one, feature), here in zip(stated, found, strict=True):
            least = {
                name: float(
                    natural[partial.unknown]
                    / (lengths / 2).pow(lengths.new_tensor(partial.orders)).prod()
                )
                for name, (_, partial) in one.derivatives.items()
            }
            left, size = float(one.residual(here).square().mean().sqrt()), _size(one, here, least)
            if feature is None:
                rows = _own_rows(problem, one, inside)
                count, known = len(one.points), {**problem.constants, **coordinates, **ones}
                if one.pieces:
                    known |= {n: v for n, v in one.known.items() if not isinstance(v, Tensor)}
                there = replace(one, points=(inside,) * count, known=known).rows(rows)
                fields = {index: values[rows] for index, values in everywhere.items()}
                size = max(size, _size(there, (fields,) * count, least))
            yield RelativeResidual(
                one.label, 0.0 if left == 0.0 else left / size if size else inf, feature
            )


def _own_rows(
    problem: Problem, one: Term, inside: Float[Tensor, "n d"]
) -> slice | Bool[Tensor, " n"]:
    """Which of the points inside lie in the pieces that a term is about; all without pieces."""
    if not one.pieces:
        return slice(None)
    found = torch.from_numpy(owners(problem, inside.cpu().numpy().astype(np.float64)))
    return torch.isin(found, torch.tensor(one.pieces)).to(inside.device)


def fields_at(
    network: Network, inside: Float[Tensor, "n d"], stated: Sequence[Term]
) -> tuple[Fields, list[tuple[Fields, ...]]]:
    """All partial derivatives in use: inside, and at each place of each term.

    One call of the network, which costs more than some points more do; pieces are called by term.
    """
    places = [inside, *(place for one in stated for place in one.points)]
    indices = {
        i for one in stated for place in range(len(one.points)) for i in one.needed_partials(place)
    }
    indices.add((0,) * inside.shape[1])
    if isinstance(network, PiecewiseProduct):
        seen = [
            tuple(
                partials(network, at, indices, one.place_in(k)) for k, at in enumerate(one.points)
            )
            for one in stated
        ]
        return dict(partials(network, inside, indices)), [tuple(map(dict, one)) for one in seen]
    found = partials(network, torch.cat(places), indices)
    sizes = [len(place) for place in places]
    parts = zip(*(made.split(sizes) for made in found.values()), strict=True)
    everywhere, *each = (dict(zip(found, part, strict=True)) for part in parts)
    given = iter(each)
    return everywhere, [tuple(next(given) for _ in one.points) for one in stated]


def moved_to_part(
    problem: Problem, points: Float[Tensor, "n d"], face: BoundaryPart
) -> Float[Tensor, "_ d"]:
    """Inner points moved to a face; on a part of the boundary of a region, points of its own."""
    if problem.region is not None:
        generator = torch.Generator().manual_seed(_SEED)
        return on_face(problem.domain, face, sobol, len(points), generator, points)
    moved = points.clone()
    for axis, value in face.fixed:
        moved[:, axis] = value
    return moved


def _in_feature(
    problem: Problem, feature: Feature, points: Float[Tensor, "n d"], face: BoundaryPart
) -> Float[Tensor, "_ d"]:
    """Points of a part of the boundary in the cells of a feature, none where it has none there."""
    if isinstance(face, RegionPart):
        return on_narrow_part(problem.domain, face, feature, points)
    moved = points.clone()
    for axis, value in face.fixed:
        moved[:, axis] = value
    return moved


def _size(one: Term, fields: tuple[Partials, ...], least: Mapping[str, float]) -> float:
    """The largest size that the terms of a formula have on its points."""
    columns = {
        name: torch.where(column < 0, column - least[name], column + least[name])
        for name, column in one.columns(fields).items()
    }
    values = {
        name: column.cpu().numpy().astype(np.float64) if isinstance(column, Tensor) else column
        for name, column in {**one.known, **columns}.items()
    }
    with np.errstate(all="ignore"):
        sizes = np.ravel(magnitude(one.formula, values, {*one.known, *CONSTANTS}))
    return float(np.max(sizes, where=np.isfinite(sizes), initial=0.0))
