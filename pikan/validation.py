"""Whether a solution agrees with the exact one or with data, and which is likely to be wrong."""

from collections.abc import Mapping

from pikan.optimize.outcome import Outcome
from pikan.problem.manufactured import is_violated, residual_sizes
from pikan.problem.statement import Problem
from pikan.report.report import DATA, Errors, Estimate
from pikan.residuals.relative_residual import RelativeResidual

# An error this many times the accuracy and the estimate is no matter of a digit more.
FAR = 10.0
# Residuals below this part of their terms are those of a solution.
_SOLVES = 1e-5


def validate(
    outcome: Outcome,
    problem: Problem,
    errors: Mapping[str, Errors],
    estimate: Estimate | None,
    left: RelativeResidual,
    accuracy: float | None,
) -> Outcome:
    """The outcome of a run that converged, with what speaks for and against it.

    A solution that misses the exact one by far has not converged, nor one that is far from data.
    `left` is what the solution leaves of the equations and conditions.
    """
    worst = max(errors, key=lambda name: _size(errors[name].relative_l2), default=None)
    if outcome.kind != "converged" or accuracy is None or worst is None:
        return outcome
    error, against = errors[worst].relative_l2, errors[worst].against
    expected = accuracy if estimate is None else max(accuracy, estimate.relative_l2)
    if error <= accuracy or (against != "exact" and error <= FAR * expected):
        return outcome
    whose = "the exact solution" if against == "exact" else "the data"
    missed = f"{outcome.message}; and still {worst} is {error:.1e} from {whose}"
    if error <= FAR * expected:
        return Outcome("converged", f"{missed}, more than the accuracy of {accuracy:g}")
    likely = _formula(problem, left) if against == "exact" else _data(left, estimate)
    right = against != "exact" and error <= DATA
    return Outcome("converged" if right else "stalled", f"{missed}: {likely}")


def _size(error: float) -> float:
    """An error; what is no number is the worst there is."""
    return error if error == error else float("inf")


def _found(left: RelativeResidual) -> str:
    return f"the solution found leaves {left.relative:.1e} of the terms of '{left.label}'"


def _formula(problem: Problem, left: RelativeResidual) -> str:
    """Which is likely to be wrong, a solution or the formula that it is compared with."""
    examined = residual_sizes(problem)
    known = {one.label for one in examined}
    stated = [one.label for one in (*problem.equations, *problem.conditions, *problem.periodic)]
    missing = [label for label in stated if label not in known]
    if missing:
        reason = f"the exact solution is too long to be put into '{missing[0]}'"
    else:
        worst = max(examined, key=lambda one: _size(one.relative))
        reason = f"the exact solution leaves {worst.relative:.1e}"
    if left.relative > _SOLVES:
        return f"{_found(left)}, {reason}, so that the solution found is likely to be wrong"
    if missing or any(map(is_violated, examined)):
        return f"{_found(left)}, {reason}, so that the formula is likely to be wrong"
    return (
        f"{_found(left)}, {reason}, so that there are two solutions; a condition that tells them "
        "apart is missing, or another start leads to the other"
    )


def _data(left: RelativeResidual, estimate: Estimate | None) -> str:
    """Which is likely to be wrong, a solution or the data that it is compared with."""
    if estimate is None or left.relative > _SOLVES:
        return f"{_found(left)}, so that the solution found is likely to be wrong"
    return (
        f"{_found(left)} and is {estimate.relative_l2:.1e} from a second one of other degree, so "
        "that the data are likely to be inexact, or to belong to another problem"
    )
