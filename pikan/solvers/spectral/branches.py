"""Solutions of a nonlinear problem from several starts, and which of them is taken."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from pikan.network.parameters import parameter_vector, with_parameters
from pikan.network.product import FullProduct
from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import progress
from pikan.problem.classification import is_evolution, linear
from pikan.problem.statement import Problem
from pikan.solvers.level import distance, run_quietly
from pikan.solvers.newton_homotopy import newton_homotopy
from pikan.solvers.replay import Event, Events, memoize
from pikan.solvers.spectral.alternatives import COARSE, SAME, apart
from pikan.solvers.spectral.branch import Branch, bending_of, in_order_of_bending
from pikan.solvers.spectral.branch_level import BranchLevel, branch_level, is_near
from pikan.solvers.spectral.deflated_continuation import deflated_continuation
from pikan.solvers.spectral.initial import prolong
from pikan.solvers.spectral.level import Level, PRefinement, diagnose
from pikan.solvers.spectral.linear_extension import (
    Family,
    shorten,
    strengthen,
)
from pikan.solvers.spectral.product_objective import product_objective
from pikan.solvers.spectral.shape_starts import shape_starts

# Degrees of the levels on which solutions are looked for, and the most coefficients there: every
# start takes some dozens of steps.
_DEGREE_1D, _DEGREE, _FEW, _LEVELS = 16, 8, 200, 3
# What may be left of the equations, in parts of their terms, on a level on which a solution is
# looked for, after its degrees have risen, and where it needs no more of them.
_PROMISING, _FOUND, _RESOLVED = 0.1, 1e-2, 1e-4
# To tell whether it is a solution, degrees rise by this factor up to so many coefficients, until it
# changes by no more than this part of itself; what is left has to fall by this factor.
_GROWTH, _MANY, _SETTLED, _FALLS = 1.5, 400, 1e-3, 0.7
# Starts nearer to a solution than this lead to it.
_CLOSE = 0.1
# Steps to a solution, to one on the way to it, and to one near a solution.
_STEPS, _ON_THE_WAY, _NEAR = 30, 10, 10
# Logarithms of factors from which a family is followed down to one, and its least step.
_FACTORS, _LEAST = (1.5, 3.0, 6.0), 0.02
# Damping of steps on the way to a solution and near it, and changes of the residual by parts too
# small to go on for, at its end and on the way.
_SLIGHT, _UNDAMPED, _STEADY, _ROUGHLY = 1e-6, 1e-28, 1e-5, 1e-2


class Branches(NamedTuple):
    """Different solutions, the one to be taken first.

    `searched` says whether any were looked for; `factor` is the least number of times that the
    highest derivatives were multiplied by with a solution found, None where there was none.
    """

    found: tuple[Branch, ...]
    searched: bool
    factor: float | None

    def lower(self, settings: PRefinement) -> Level | None:
        """The level to climb from; None where no solution was found."""
        if not self.found:
            return None
        largest = min(settings.largest, settings.dense)
        first = self.found[0].network
        return diagnose(
            first,
            Outcome("converged", self.found[0].start),
            settings.samples,
            largest,
            determined=False,
            near=True,
        )


def branches(problem: Problem, settings: PRefinement) -> Events[Branches]:
    """The solutions to which several starts lead on levels of few coefficients.

    The starts are the solution of `extension` and the same with more of the shape that a constant
    source gives it, the smoothest function that meets the conditions, and the ends of three
    families: highest derivatives times a factor that falls to one, domains that grow to the whole,
    and Newton's homotopy. Where these find any, deflated continuation along the first two families
    looks for others. First comes the solution whose highest derivatives are the smallest on
    average, which of several is the one that bends least: the bounded and monotone one where there
    is one, the lower branch where a solution turns back at a limit point.

    None are looked for where a problem is linear or evolves in time, and so has one solution,
    and where the first level would be large.

    Source: Allgower and Georg 2003, Introduction to Numerical Continuation Methods, chapter 1.
    """
    return (yield from memoize(_search(problem, settings), Branches))


def _search(problem: Problem, settings: PRefinement) -> Events[Branches]:
    found: list[Branch] = []
    factor: float | None = None
    searched = False
    for degrees in _levels(problem, settings):
        searched, level, coarse = True, branch_level(problem, settings, degrees), True
        solutions: list[Float[Tensor, " p"]] = []
        for number, (start, end) in enumerate(_ends(level, solutions)):
            if end.factor is not None:
                # Where the last of a family is resolved, more degrees lead no further.
                factor, coarse = min(factor or math.inf, end.factor), end.left > _RESOLVED
            yield _event(level, number, start, end.theta, found)
            if not end.solved or is_near(end.theta, solutions, SAME):
                continue
            branch = _resolve(level, start, end.theta)
            if branch is not None:
                solutions.append(end.theta)
                if all(apart(branch.values, other.values) > SAME for other in found):
                    found.append(branch)
        if found or not coarse:
            break
    return Branches(in_order_of_bending(found), searched, factor)


def _levels(problem: Problem, settings: PRefinement) -> Iterator[tuple[int, ...]]:
    """The degrees on which solutions are looked for, until some are found."""
    dimension, unknowns = problem.box.dimension, len(problem.unknowns)
    degree, most = _DEGREE_1D if dimension == 1 else _DEGREE, min(_FEW, _largest(settings))
    if linear(problem) or is_evolution(problem):
        return
    for _ in range(_LEVELS):
        if (degree + 1) ** dimension * unknowns > most:
            return
        yield (degree,) * dimension
        degree, most = 2 * degree, _largest(settings)


def _largest(settings: PRefinement) -> int:
    """The most coefficients of a level on which solutions are looked for."""
    return min(_MANY, settings.largest, settings.dense)


class _End(NamedTuple):
    """Where a start has led; `factor` is as in `Branches`, and what is `left` with that.

    `solved` is false where a formula or its derivatives are not finite.
    """

    theta: Float[Tensor, " p"]
    solved: bool = True
    factor: float | None = None
    left: float = math.inf


def _ends(level: BranchLevel, known: Sequence[Float[Tensor, " p"]]) -> Iterator[tuple[str, _End]]:
    """Each start that is not a solution `known` by then, and where it leads."""
    yield "the least bent function that meets the conditions", _newton(level, level.extended)
    for start in shape_starts(level):
        if not is_near(start, known, _CLOSE):
            yield "the same with more of its shape", _newton(level, start)
    yield "a smooth function", _newton(level, level.smooth_start())
    yield "stronger highest derivatives", _follow(level, strengthen)
    yield "growing domains", _follow(level, shorten)._replace(factor=None)
    theta, way = (
        parameter_vector(level.network),
        LevenbergMarquardt(steps=_ON_THE_WAY, tolerance=_ROUGHLY),
    )
    for nearby in newton_homotopy(level.objective, theta):
        theta, outcome = run_quietly(way, nearby, theta)
        if outcome.kind == "diverged":
            break
    else:
        yield "a homotopy", _End(theta)
    for theta in deflated_continuation(level, known):
        yield "deflated continuation", _End(theta)


def _newton(level: BranchLevel, start: Float[Tensor, " p"]) -> _End:
    stage = LevenbergMarquardt(steps=_STEPS, tolerance=_STEADY)
    objective = product_objective(level.problem, level.network, start)
    theta, outcome = run_quietly(stage, objective, start)
    return _End(theta, solved=outcome.kind != "diverged")


def _follow(level: BranchLevel, family: Family) -> _End:
    """The end of a family, from a large factor to one in steps that Newton's method can follow."""
    stage = LevenbergMarquardt(steps=_ON_THE_WAY, damping=_SLIGHT, tolerance=_ROUGHLY)
    end, at, step, first = _End(level.extended), math.inf, 0.0, list(_FACTORS)
    while at > 0.0 and first:
        ahead = first[0] if at == math.inf else max(0.0, at - step)
        problem = family(level.problem, math.exp(ahead))
        objective = product_objective(problem, level.network, end.theta)
        theta, outcome = run_quietly(stage, objective, end.theta)
        left = level.relative_residual(problem, theta)
        if left < _FOUND and outcome.kind != "diverged":
            step = ahead / 3.0 if at == math.inf else 2.0 * step
            end, at = _End(theta, factor=math.exp(ahead), left=left), ahead
        elif at == math.inf:
            first.pop(0)
        elif (step := step / 3.0) < _LEAST:
            break
    return end


def _resolve(level: BranchLevel, start: str, theta: Float[Tensor, " p"]) -> Branch | None:
    """The solution with as many more degrees as show that it is one; None where it is none."""
    left, values = level.relative_residual(level.problem, theta), level.values(theta)
    if not left < _PROMISING:
        return None
    stage = LevenbergMarquardt(steps=_NEAR, damping=_UNDAMPED, tolerance=_STEADY)
    change = math.inf
    while left > _RESOLVED or change > _SETTLED:
        degrees = tuple(int(_GROWTH * (axis.size - 1)) for axis in level.network.axes())
        size = math.prod(degree + 1 for degree in degrees) * len(level.problem.unknowns)
        if size > _largest(level.settings):
            break
        network = level.settings.network(degrees)
        assert isinstance(network, FullProduct)
        begun = prolong(with_parameters(level.network, theta), network, nudge=0.0)
        objective = product_objective(level.problem, network, begun)
        level = BranchLevel(level.problem, level.settings, network, begun, objective)
        theta, outcome = run_quietly(stage, objective, begun)
        before, left = left, level.relative_residual(level.problem, theta)
        earlier, values = values, level.values(theta)
        change = distance(earlier, values) if outcome.kind == "converged" else math.inf
        if left > max(_FALLS * before, _RESOLVED):
            return None
    if left > _FOUND or change > COARSE:
        return None
    network = with_parameters(level.network, theta)
    return Branch(
        network, values, start, bending_of(level.problem, network, level.settings.samples)
    )


def _event(
    level: BranchLevel,
    number: int,
    start: str,
    theta: Float[Tensor, " p"],
    found: Sequence[Branch],
) -> Event:
    """What to show of a start: how far it has led, and the best solution until then."""
    stage, best = LevenbergMarquardt(steps=_STEPS), in_order_of_bending(found)
    left = level.objective.residual(theta)
    made = progress(stage, level.objective, number + 1, number + 1, theta, left)
    networks = tuple(one.network for one in best)
    return Event(f"start: {start}", made, lambda: networks[0] if best else None, found=networks)
