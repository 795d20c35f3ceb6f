"""A family of solutions: members at nodes, an interpolant of low rank, fresh members to judge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from time import perf_counter
from typing import Literal, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.expression.tree import number_text
from pikan.linalg.dense import svd
from pikan.network.base import Network
from pikan.network.parametric import (
    ParameterFunctions,
    ParametricProduct,
    PolynomialFunctions,
    RationalFunctions,
)
from pikan.network.product import FullProduct
from pikan.optimize.outcome import Outcome
from pikan.problem.family import affine_parameters
from pikan.problem.statement import Parameter, Problem
from pikan.sampling.held_out import HeldOut
from pikan.solvers.facts import FamilyFacts, ParameterFacts
from pikan.solvers.level import SolverResult, distance
from pikan.solvers.parametric.common_space import coefficients, common_space
from pikan.solvers.parametric.interpolants import Interpolants, changes
from pikan.solvers.parametric.nodes import Index, Nodes
from pikan.solvers.parametric.rational import LEAST, RationalInterpolant, rational_interpolant
from pikan.solvers.replay import Event, Events, map_events, memoize

# What new nodes change may be this part of the accuracy.
_OPEN = 0.3
# Products are left out, and cells halved, where they are this part of the accuracy.
_CUT = 1e-2
# Fresh members, by the number of parameters, and how many times the worst of them the estimate is:
# with four checks of four parameters the error was twice that.
_CHECKS, _SAFETY = {1: 5, 2: 10}, 3.0
_MANY_CHECKS = 24
# So many times the surpluses are to be smaller where fresh members are not foretold.
_ROUNDS, _TIGHTER = 3, 0.1
LARGEST, LARGEST_OF_MANY = 129, 2000
"""The most nodes of one parameter, and of several."""
# Random places, among them those of fresh members.
_PLACES = 400
# An answer is timed so often, on so many points.
_TIMES, _ANSWERS = 5, 5000

_HOW = (
    "3 times the largest error of {} fresh members, after the cut, and the estimate of the "
    "members; no less than the last nodes change a rational interpolant, near its poles too"
)


@final
@dataclass(frozen=True)
class FamilySettings:
    """What a family is made with.

    `solve` solves the member for some values; `like` is a member that has been solved near it.
    `samples` are points of the coordinates. At most so many nodes as `largest` are solved.
    """

    accuracy: float
    largest: int
    solve: Callable[[Mapping[str, float], Network | None], Events[SolverResult]]
    samples: HeldOut
    seed: int


Kind = Literal["polynomial", "rational"]


class _Member(NamedTuple):
    """A solved member, and its values at the samples."""

    place: tuple[float, ...]
    level: SolverResult
    values: Float[Tensor, "n m"]


class _Checked(NamedTuple):
    """An interpolant of low rank, with what fresh members say of it."""

    network: ParametricProduct
    degrees: tuple[int, ...]
    errors: tuple[float, ...]
    places: tuple[tuple[float, ...], ...]


def solve_family(problem: Problem, settings: FamilySettings) -> Events[SolverResult]:
    """Members at nested nodes until new ones change nothing, then fresh ones to judge the rest.

    Along one parameter a polynomial and a rational interpolant are there from the same members;
    the one that settles first is taken.
    """
    affine = affine_parameters(problem)
    nodes = Nodes([one.name in affine for one in problem.parameters], settings.largest)
    members, fresh = list[_Member](), list[_Member]()
    seen, tolerance = Interpolants(), settings.accuracy * _OPEN
    checked: _Checked | None = None
    for _ in range(_ROUNDS):
        while not (nodes.is_complete() or seen.best.change <= tolerance or seen.is_stagnant(nodes)):
            for index in nodes.following():
                member = yield from _solve(problem, settings, nodes.place(index), members)
                members.append(member)
                diverged = member.level.outcome.kind == "diverged"
                if diverged or not bool(member.values.isfinite().all()):
                    return _broken(problem, settings, members)
                nodes.add(index, _flat(settings, member.values))
                seen.look(nodes)
        kept = nodes.first(seen.best.used or len(nodes.values))
        fresh += yield from _fresh_members(
            problem, settings, kept, members, seen.best.kind, len(fresh)
        )
        # Nodes beyond those of the best interpolant are fresh to it.
        others = [*fresh, *members[len(kept.values) :]]
        network, degrees = _low_rank(problem, settings, kept, members, seen.best.kind)
        errors = [_error(problem, settings, network, one) for one in others]
        checked = _Checked(network, degrees, tuple(errors), tuple(one.place for one in others))
        enough = _SAFETY * max(checked.errors) + max(map(_estimate, members))
        if enough <= settings.accuracy or nodes.is_complete() or seen.is_stagnant(nodes):
            break
        tolerance *= _TIGHTER
    assert checked is not None
    # Near a pole what is left of its place counts the more, the nearer it is.
    least = seen.best.change if seen.best.kind == "rational" else 0.0
    return _result(problem, settings, nodes, members, checked, least)


def _solve(
    problem: Problem,
    settings: FamilySettings,
    place: tuple[float, ...],
    members: Sequence[_Member],
) -> Events[_Member]:
    values = {
        one.name: one.value(unit) for one, unit in zip(problem.parameters, place, strict=True)
    }
    label = ", ".join(f"{name} = {number_text(float(f'{v:.6g}'))}" for name, v in values.items())
    apart = [sum((a - b) ** 2 for a, b in zip(m.place, place, strict=True)) for m in members]
    near = members[apart.index(min(apart))] if members else None
    level = yield from memoize(
        map_events(
            settings.solve(values, None if near is None else near.level.network),
            lambda event: Event(label, event.progress, lambda: None, event.in_progress),
        ),
        SolverResult,
    )
    with torch.no_grad():
        return _Member(place, level, level.network(settings.samples.points))


def _flat(settings: FamilySettings, values: Float[Tensor, "n m"]) -> Float[Tensor, " _"]:
    """Values whose mean square is that over the domain, as one vector."""
    return settings.samples.weight(values).flatten() / sqrt(len(values))


def _fresh_members(
    problem: Problem,
    settings: FamilySettings,
    nodes: Nodes,
    members: Sequence[_Member],
    kind: Kind,
    before: int,
) -> Events[list[_Member]]:
    """Members at random parameters; of one parameter, half where the last nodes matter most."""
    count = len(problem.parameters)
    wanted = _CHECKS.get(count, _MANY_CHECKS)
    generator = torch.Generator().manual_seed(settings.seed + 1 + before)
    places = 2.0 * torch.rand(_PLACES, count, generator=generator, dtype=torch.float64) - 1.0
    if count == 1 and len(nodes.values) > LEAST:
        worst = changes(nodes, places[:, 0], kind).argsort(descending=True)
        apart: list[int] = []
        for one in worst.tolist():
            if all(abs(float(places[one, 0] - places[k, 0])) > 1 / _PLACES for k in apart):
                apart.append(one)
            if len(apart) == wanted // 2 + 1:
                break
        places = torch.cat([places[apart], places])
    found: list[_Member] = []
    for place in places[:wanted].tolist():
        found.append((yield from _solve(problem, settings, tuple(place), members)))
    return found


def _error(
    problem: Problem, settings: FamilySettings, network: ParametricProduct, one: _Member
) -> float:
    values = [p.value(unit) for p, unit in zip(problem.parameters, one.place, strict=True)]
    with torch.no_grad():
        found = network.at(values)(settings.samples.points)
    return distance(settings.samples.weight(found), settings.samples.weight(one.values))


def _low_rank(
    problem: Problem,
    settings: FamilySettings,
    nodes: Nodes,
    members: Sequence[_Member],
    kind: Kind,
) -> tuple[ParametricProduct, tuple[int, ...]]:
    """The interpolant as a sum of few products, and the degrees of its functions."""
    cut = _CUT * settings.accuracy
    networks = [one.level.network for one in members[: len(nodes.values)]]
    bases = common_space(networks, cut, settings.seed)
    rows = torch.stack([coefficients(one, bases).flatten() for one in networks])
    unknowns, size = len(problem.unknowns), float(rows.norm(dim=1).min())
    made: RationalInterpolant | None = None
    if kind == "rational":
        made = rational_interpolant(nodes.places()[:, 0], torch.stack(nodes.values))
        rows = rows[: len(made.nodes)]
    else:
        rows = nodes.polynomials() @ rows
    left, sizes, right = svd(rows)
    rank = max(int((sizes > cut * size / sqrt(len(sizes))).sum()), 1)
    box, count = problem.box, len(problem.parameters)
    split = box.dimension - count
    fields = FullProduct(bases, rank * unknowns, box.lower[:split], box.upper[:split])
    with torch.no_grad():
        shaped = right[:rank].reshape(rank, -1, unknowns).movedim(0, 1)
        fields.coefficients.copy_(shaped.flatten(1))
    functions = _functions(nodes, problem.parameters, made, left[:, :rank] * sizes[:rank])
    degrees = (
        (len(made.nodes) - 1,)
        if made is not None
        else tuple(max(index[axis] for index in nodes.indices) for axis in range(count))
    )
    return ParametricProduct(fields, functions, unknowns), degrees


def _functions(
    nodes: Nodes,
    parameters: Sequence[Parameter],
    made: RationalInterpolant | None,
    weights: Float[Tensor, "t r"],
) -> ParameterFunctions:
    """The functions of the parameters, with these weights."""
    ends = len(parameters), *weights.shape
    if made is None:
        found = PolynomialFunctions(*ends)
        found.degrees.copy_(torch.tensor(nodes.indices))
    else:
        found = RationalFunctions(*ends)
        found.nodes.copy_(made.nodes)
        found.weights.copy_(made.weights)
    rows = [(one.lower, one.upper, float(one.logarithmic)) for one in parameters]
    # In double precision whatever torch's own is.
    bounds = torch.tensor(rows, dtype=torch.float64).mT
    for place, own in zip((found.lower, found.upper, found.logarithmic), bounds, strict=True):
        place.copy_(own)
    with torch.no_grad():
        found.coefficients.copy_(weights)
    return found


def _estimate(one: _Member) -> float:
    return 0.0 if one.level.estimate is None else one.level.estimate


def _result(
    problem: Problem,
    settings: FamilySettings,
    nodes: Nodes,
    members: Sequence[_Member],
    checked: _Checked,
    least: float,
) -> SolverResult:
    own = max(_estimate(one) for one in members)
    worst = max(checked.errors)
    estimate = max(_SAFETY * worst + own, least)
    good = ("converged", "finished")
    bad = next((one for one in members if one.level.outcome.kind not in good), None)
    place = checked.places[checked.errors.index(worst)]
    where = _words(problem, place)
    said = f"{len(members)} members, rank {checked.network.rank}; worst of fresh ones at {where}"
    if bad is not None:
        outcome = Outcome(
            bad.level.outcome.kind, f"{_at(problem, bad)}: {bad.level.outcome.message}; {said}"
        )
    elif estimate <= settings.accuracy:
        outcome = Outcome("converged", said)
    else:
        remedy = "take a smaller interval, or ask for less accuracy"
        outcome = Outcome("stalled", f"{said}: estimated error {estimate:.1e}; {remedy}")
    facts = FamilyFacts(
        parameters=tuple(
            ParameterFacts(
                one.name, one.lower, one.upper, "log" if one.logarithmic else "linear",
                degree, flat,
            )
            for one, degree, flat in zip(
                problem.parameters, checked.degrees, nodes.flat, strict=True
            )
        ),
        nodes=len(members),
        rank=checked.network.rank,
        functions=(
            "rational"
            if isinstance(checked.network.functions, RationalFunctions)
            else "polynomial"
        ),
        decay=tuple(float(one.norm()) / nodes.scale() for one in nodes.surpluses),
        checks=len(checked.errors),
        mean=sum(checked.errors) / len(checked.errors),
        worst=worst,
        worst_at=tuple(p.value(z) for p, z in zip(problem.parameters, place, strict=True)),
        milliseconds=_milliseconds(problem, checked.network),
        points=_ANSWERS,
    )  # fmt: skip
    how = _HOW.format(len(checked.errors))
    return SolverResult(checked.network, outcome, estimate, how, family=facts)


def _milliseconds(problem: Problem, network: ParametricProduct) -> float:
    """The shortest time that an answer on points takes that stay, for values of parameters [ms]."""
    generator = torch.Generator().manual_seed(0)
    split = len(problem.coordinates) - len(problem.parameters)
    unit = torch.rand(_ANSWERS, split, generator=generator, dtype=network.center.dtype)
    answer = network.on(network.center[:split] + network.scale[:split] * (2.0 * unit - 1.0))
    times: list[float] = []
    for k in range(_TIMES):
        began = perf_counter()
        answer([one.value(k / _TIMES) for one in problem.parameters])
        times.append(perf_counter() - began)
    return 1e3 * min(times)


def _broken(problem: Problem, settings: FamilySettings, members: Sequence[_Member]) -> SolverResult:
    """The result where a member has no solution: that member alone, for all values."""
    last = members[-1]
    alone = Nodes([True] * len(problem.parameters), 1)
    index: Index = (0,) * len(problem.parameters)
    alone.add(index, _flat(settings, last.values))
    network, _ = _low_rank(problem, settings, alone, [last], "polynomial")
    end = f"{_at(problem, last)}: {last.level.outcome.message}"
    return SolverResult(network, Outcome("diverged", end), None, "")


def _at(problem: Problem, one: _Member) -> str:
    return f"at {_words(problem, one.place)}"


def _words(problem: Problem, place: Sequence[float]) -> str:
    pairs = zip(problem.parameters, place, strict=True)
    return ", ".join(f"{one.name} = {one.value(unit):.6g}" for one, unit in pairs)
