"""The reduced basis method: a linear problem for all parameters in the span of few members."""

from collections.abc import Callable, Sequence
from math import inf, sqrt
from typing import NamedTuple, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.linalg.dense import svd, tall_solver
from pikan.network.parametric import ParametricProduct
from pikan.network.product import FullProduct
from pikan.network.reduced import ReducedFunctions
from pikan.problem.family import inner_values, member
from pikan.problem.statement import Problem
from pikan.residuals.relative_residual import fields_at, moved_to_part
from pikan.residuals.terms import CollocationPoints, Partials, Term, terms, used_faces
from pikan.solvers.parametric.assembly import fields_of, on_intervals
from pikan.solvers.parametric.common_space import coefficients, common_space
from pikan.solvers.parametric.members import (
    FamilySettings,
    SolvedMember,
    member_error,
    solve_member,
)
from pikan.solvers.parametric.nodes import Nodes
from pikan.solvers.replay import Events

# Fields are left out below this part of the accuracy; the last of so many tell what is left.
_CUT, _LAST = 1e-2, 20
# Points of the equations, as many times the fields, and on each face; rows that they are mixed to.
_INSIDE, _TIMES, _ON_FACES, _MORE = 400, 8, 120, 10
# Right sides and matrices are expanded in the parameters to this part of the accuracy.
_EXPANDED, _ROUNDING, _MOST_MATRICES, _MOST_RIGHTS = 1e-4, 1e-13, 300, 2000
# Places where the basis is looked at, and the least members that are added at once, or one for so
# many that are there; rounds without half the error that end it.
_PLACES, _AT_ONCE, _SHARE, _PATIENCE = 400, 4, 6, 3
# The least natural size of a derivative, as in a relative residual.
_NATURAL = 1e-3


@final
class Reduced(NamedTuple):
    """A family in a reduced basis, and what fresh members say of it."""

    network: ParametricProduct
    degrees: tuple[int, ...]
    errors: tuple[float, ...]
    places: tuple[tuple[float, ...], ...]
    members: tuple[SolvedMember, ...]


def reduced_basis(
    problem: Problem,
    settings: FamilySettings,
    members: Sequence[SolvedMember],
    fresh: int,
    safety: float,
) -> Events[Reduced | None]:
    """Members are added where the last fields matter most, until they and fresh ones agree.

    The last round has `fresh` members at random places besides. None where the formulas are no
    smooth functions of the parameters.

    Source: Hesthaven, Rozza and Stamm 2016, Certified Reduced Basis Methods for Parametrized
    Partial Differential Equations, section 3.2.
    """
    known = list(members)
    generator = torch.Generator().manual_seed(settings.seed + 7)
    shape = _PLACES, len(problem.parameters)
    places = 2.0 * torch.rand(shape, generator=generator, dtype=torch.float64) - 1.0
    best, since = inf, 0
    while True:
        made = _reduce(problem, settings, known)
        if made is None:
            return None
        network, degrees = made
        count = max(_AT_ONCE, len(known) // _SHARE)
        worst = _changes(network, places).argsort(descending=True)
        chosen = places[worst[:count]].tolist()
        found = list[SolvedMember]()
        for place in chosen:
            found.append((yield from solve_member(problem, settings, tuple(place), known)))
        errors = [member_error(problem, settings, network, one) for one in found]
        own = max(one.estimate for one in (*known, *found))
        if safety * max(errors) + own <= settings.accuracy:
            for place in places[-fresh:].tolist():
                found.append((yield from solve_member(problem, settings, tuple(place), known)))
            errors = [member_error(problem, settings, network, one) for one in found]
        since = 0 if max(errors) < best / 2 else since + 1
        best = min(best, max(errors))
        full = len(known) + len(found) > settings.largest or since >= _PATIENCE
        close = safety * max(errors) + own <= settings.accuracy
        if close or full or any(one.is_broken for one in found):
            return Reduced(
                network,
                degrees,
                tuple(errors),
                tuple(one.place for one in found),
                (*known, *found),
            )
        known += found


def _reduce(
    problem: Problem, settings: FamilySettings, members: Sequence[SolvedMember]
) -> tuple[ParametricProduct, tuple[int, ...]] | None:
    """The equations in the span of the members, and the degrees of their coefficients."""
    cut = _CUT * settings.accuracy
    networks = [one.level.network for one in members]
    bases = common_space(networks, cut, settings.seed)
    rows = torch.stack([coefficients(one, bases).flatten() for one in networks])
    _, sizes, right = svd(rows)
    least = cut * float(rows.norm(dim=1).min()) / sqrt(len(sizes))
    rank = max(int((sizes > least).sum()), 1)
    fields = fields_of(problem, bases, right[:rank])
    matrix, right_side = _system(problem, settings, fields, rank, sizes[:rank])
    tolerance = max(_EXPANDED * settings.accuracy, _ROUNDING)
    matrices = _expansion(problem, matrix, tolerance, _MOST_MATRICES)
    rights = _expansion(problem, right_side, tolerance, _MOST_RIGHTS)
    if matrices is None or rights is None:
        return None
    shape = len(matrices[1][0]) // rank, len(matrices[1]), len(rights[1])
    functions = ReducedFunctions(len(problem.parameters), rank, shape)
    functions.matrices.copy_(matrices[1].unflatten(1, (-1, rank)))
    functions.rights.copy_(rights[1])
    functions.matrix_degrees.copy_(matrices[0])
    functions.right_degrees.copy_(rights[0])
    with torch.no_grad():
        functions.coefficients.copy_(torch.eye(rank, dtype=torch.float64))
    degrees = torch.cat([matrices[0], rights[0]]).amax(dim=0).tolist()
    made = on_intervals(functions, problem.parameters)
    return ParametricProduct(fields, made, len(problem.unknowns), cut), tuple(degrees)


_AtPlace = Callable[[Sequence[float]], Tensor]


def _system(
    problem: Problem,
    settings: FamilySettings,
    fields: FullProduct,
    rank: int,
    sizes: Float[Tensor, " r"],
) -> tuple[_AtPlace, _AtPlace]:
    """The matrix and the right side of the residuals of all fields, at places of the parameters.

    Rows of each label are divided by the size of its terms, and all are mixed to half as many again
    as there are fields by a random matrix, which keeps lengths.

    Source: Balabanov and Nouy 2019, doi 10.1007/s10444-019-09725-6 (random sketching).
    """
    inside = settings.samples.points[: max(_INSIDE, _TIMES * rank)]
    unknowns = len(problem.unknowns)

    def terms_at(values: dict[str, float]) -> tuple[Term, ...]:
        own = member(problem, values)
        faces = {face: moved_to_part(own, inside[:_ON_FACES], face) for face in used_faces(own)}
        return terms(own, CollocationPoints(inside, faces))

    first = terms_at(dict(inner_values(problem.parameters)))
    with torch.no_grad():
        everywhere, at = fields_at(fields, inside, first)

    def block(one: Term, places: Sequence[Partials]) -> tuple[Tensor, float]:
        """The matrix of a term, and the size of the largest of its parts."""
        found, size = one.points[0].new_zeros(len(one.points[0]), rank), 0.0
        for name, slope in one.column_derivatives(_zeros(one)).items():
            place, partial = one.derivatives[name]
            own, whole = (
                each[partial.orders].unflatten(1, (rank, unknowns))[:, :, partial.unknown]
                for each in (places[place], everywhere)
            )
            found = found + slope[:, None] * own
            large = max(float((each * sizes).norm()) / sqrt(len(each)) for each in (own, whole))
            size = max(size, float(slope.norm()) / sqrt(len(slope)) * large)
        return found, size

    weights = [
        1.0 / (block(one, places)[1] * sqrt(len(one.points[0])))
        for one, places in zip(first, at, strict=True)
    ]
    total = sum(len(one.points[0]) for one in first)
    rows = min(rank + rank // 2 + _MORE, total)
    generator = torch.Generator().manual_seed(settings.seed + 11)
    mix = torch.randn(rows, total, generator=generator, dtype=torch.float64) / sqrt(rows)

    def values(place: Sequence[float]) -> dict[str, float]:
        return {one.name: one.value(z) for one, z in zip(problem.parameters, place, strict=True)}

    def matrix(place: Sequence[float]) -> Tensor:
        pairs = zip(terms_at(values(place)), at, weights, strict=True)
        return mix @ torch.cat([weight * block(one, places)[0] for one, places, weight in pairs])

    def right(place: Sequence[float]) -> Tensor:
        pairs = zip(terms_at(values(place)), weights, strict=True)
        return mix @ torch.cat([-weight * one.evaluate(_zeros(one)) for one, weight in pairs])

    return matrix, right


def _zeros(one: Term) -> dict[str, Float[Tensor, " n"]]:
    return {name: torch.zeros_like(one.points[0][:, 0]) for name in one.derivatives}


def _expansion(
    problem: Problem,
    sample: _AtPlace,
    tolerance: float,
    largest: int,
) -> tuple[Int[Tensor, "t _"], Float[Tensor, "t _"]] | None:
    """Degrees and coefficients of a function of the parameters; None where it needs too many."""
    nodes = Nodes([False] * len(problem.parameters), largest)
    while not (nodes.has_begun() and nodes.open_surplus() <= tolerance):
        if nodes.is_complete():
            return None
        for index in nodes.following():
            nodes.add(index, sample(nodes.place(index)).flatten())
    found = nodes.polynomials() @ torch.stack(nodes.values)
    lengths = found.norm(dim=1)
    kept = lengths > torch.finfo(found.dtype).eps * lengths.max()
    kept[0] = True
    return torch.tensor(nodes.indices)[kept], found[kept]


def _changes(network: ParametricProduct, places: Float[Tensor, "n _"]) -> Float[Tensor, " n"]:
    """How much the last fields change the solution at each place, in parts of its size."""
    functions, rank = network.functions, network.rank
    assert isinstance(functions, ReducedFunctions)
    fewer = max(rank - max(1, rank // _LAST), 1)
    found = list[float]()
    for place in places.split(1):
        (matrix,), (right,) = functions.system(place, (0,) * places.shape[1])
        whole = tall_solver(matrix)(right[:, None])[:, 0]
        part = tall_solver(matrix[:, :fewer])(right[:, None])[:, 0]
        rest = torch.cat([whole[:fewer] - part, whole[fewer:]])
        found.append(float(rest.norm() / whole.norm()))
    return torch.tensor(found, dtype=torch.float64).nan_to_num(nan=inf)
