"""A family of solutions: members at nodes, an interpolant of low rank, fresh members to judge."""

from collections.abc import Sequence
from math import sqrt
from time import perf_counter
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import svd
from pikan.network.parametric import (
    ParameterFunctions,
    ParametricProduct,
    PolynomialFunctions,
    RationalFunctions,
)
from pikan.optimize.outcome import Outcome
from pikan.problem.classification import linear
from pikan.problem.family import affine_parameters, multiplies_unknowns
from pikan.problem.statement import Parameter, Problem
from pikan.solvers.facts import FamilyFacts, ParameterFacts
from pikan.solvers.level import SolverResult
from pikan.solvers.parametric.assembly import fields_of, on_intervals
from pikan.solvers.parametric.common_space import coefficients, common_space
from pikan.solvers.parametric.interpolants import Interpolants, changes
from pikan.solvers.parametric.members import (
    FamilySettings,
    SolvedMember,
    flat_values,
    member_error,
    solve_member,
)
from pikan.solvers.parametric.nodes import Index, Nodes
from pikan.solvers.parametric.rational import LEAST, RationalInterpolant, rational_interpolant
from pikan.solvers.parametric.reduced_basis import reduced_basis
from pikan.solvers.replay import Events

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
# So many members of a linear problem are interpolated before its equations are reduced: of several
# parameters, and of one, along which poles are interpolated too.
_SLOW, _SLOW_OF_ONE = 65, 97
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


Kind = Literal["polynomial", "rational"]


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
    members, fresh = list[SolvedMember](), list[SolvedMember]()
    seen, tolerance = Interpolants(), settings.accuracy * _OPEN
    checked: _Checked | None = None
    # Else members are as smooth in the parameters as what is given, and reduced equations no more.
    reducible = linear(problem) and multiplies_unknowns(problem)
    slow = _SLOW if len(nodes.flat) > 1 else _SLOW_OF_ONE
    for _ in range(_ROUNDS):
        while not (nodes.is_complete() or seen.best.change <= tolerance or seen.is_stagnant(nodes)):
            if reducible and len(members) >= slow:
                break
            for index in nodes.following():
                member = yield from solve_member(problem, settings, nodes.place(index), members)
                members.append(member)
                if member.is_broken:
                    return _broken(problem, settings, members)
                nodes.add(index, flat_values(settings, member.values))
                seen.look(nodes)
        if reducible and seen.best.change > tolerance and not nodes.is_complete():
            # The series decays slowly; the equations tell what nodes do not.
            count = _CHECKS.get(len(problem.parameters), _MANY_CHECKS)
            reduced = yield from reduced_basis(
                problem, settings, [*members, *fresh], count, _SAFETY
            )
            reducible = False
            if reduced is not None and reduced.members[-1].is_broken:
                return _broken(problem, settings, reduced.members)
            if reduced is not None and max(reduced.errors) < seen.best.change:
                checked = _Checked(*reduced[:-1])
                return _result(problem, settings, nodes, reduced.members, checked, 0.0)
            continue
        kept = nodes.first(seen.best.used or len(nodes.values))
        fresh += yield from _fresh_members(
            problem, settings, kept, members, seen.best.kind, len(fresh)
        )
        # Nodes beyond those of the best interpolant are fresh to it.
        others = [*fresh, *members[len(kept.values) :]]
        network, degrees = _low_rank(problem, settings, kept, members, seen.best.kind)
        errors = [member_error(problem, settings, network, one) for one in others]
        checked = _Checked(network, degrees, tuple(errors), tuple(one.place for one in others))
        enough = _SAFETY * max(checked.errors) + max(one.estimate for one in members)
        if enough <= settings.accuracy or nodes.is_complete() or seen.is_stagnant(nodes):
            break
        tolerance *= _TIGHTER
    assert checked is not None
    # Near a pole what is left of its place counts the more, the nearer it is.
    least = seen.best.change if seen.best.kind == "rational" else 0.0
    return _result(problem, settings, nodes, members, checked, least)


def _fresh_members(
    problem: Problem,
    settings: FamilySettings,
    nodes: Nodes,
    members: Sequence[SolvedMember],
    kind: Kind,
    before: int,
) -> Events[list[SolvedMember]]:
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
    found: list[SolvedMember] = []
    for place in places[:wanted].tolist():
        found.append((yield from solve_member(problem, settings, tuple(place), members)))
    return found


def _low_rank(
    problem: Problem,
    settings: FamilySettings,
    nodes: Nodes,
    members: Sequence[SolvedMember],
    kind: Kind,
) -> tuple[ParametricProduct, tuple[int, ...]]:
    """The interpolant as a sum of few products, and the degrees of its functions."""
    cut = _CUT * settings.accuracy
    networks = [one.level.network for one in members[: len(nodes.values)]]
    bases = common_space(networks, cut, settings.seed)
    rows = torch.stack([coefficients(one, bases).flatten() for one in networks])
    size = float(rows.norm(dim=1).min())
    made: RationalInterpolant | None = None
    if kind == "rational":
        made = rational_interpolant(nodes.places()[:, 0], torch.stack(nodes.values))
        rows = rows[: len(made.nodes)]
    else:
        rows = nodes.polynomials() @ rows
    left, sizes, right = svd(rows)
    rank = max(int((sizes > cut * size / sqrt(len(sizes))).sum()), 1)
    fields = fields_of(problem, bases, right[:rank])
    functions = _functions(nodes, problem.parameters, made, left[:, :rank] * sizes[:rank])
    degrees = (
        (len(made.nodes) - 1,)
        if made is not None
        else tuple(map(max, zip(*nodes.indices, strict=True)))
    )
    return ParametricProduct(fields, functions, len(problem.unknowns), cut), degrees


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
    with torch.no_grad():
        found.coefficients.copy_(weights)
    return on_intervals(found, parameters)


def _result(
    problem: Problem,
    settings: FamilySettings,
    nodes: Nodes,
    members: Sequence[SolvedMember],
    checked: _Checked,
    least: float,
) -> SolverResult:
    own = max(one.estimate for one in members)
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
        functions=checked.network.functions.kind,
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


def _broken(
    problem: Problem, settings: FamilySettings, members: Sequence[SolvedMember]
) -> SolverResult:
    """The result where a member has no solution: that member alone, for all values."""
    last = members[-1]
    alone = Nodes([True] * len(problem.parameters), 1)
    index: Index = (0,) * len(problem.parameters)
    alone.add(index, flat_values(settings, last.values))
    network, _ = _low_rank(problem, settings, alone, [last], "polynomial")
    end = f"{_at(problem, last)}: {last.level.outcome.message}"
    return SolverResult(network, Outcome("diverged", end), None, "")


def _at(problem: Problem, one: SolvedMember) -> str:
    return f"at {_words(problem, one.place)}"


def _words(problem: Problem, place: Sequence[float]) -> str:
    pairs = zip(problem.parameters, place, strict=True)
    return ", ".join(f"{one.name} = {one.value(unit):.6g}" for one, unit in pairs)
