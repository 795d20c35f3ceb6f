"""The quantities that a figure is asked for, on its lines or planes."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pikan.plots.quantity import Quantity, error, exact, residual, value
from pikan.problem.partials import partial
from pikan.problem.statement import Problem
from pikan.report.errors import Evaluate, by_chunks
from pikan.report.fields import Residual, known_solution
from pikan.report.sections import Section

_WORDS = ("exact", "error", "residual")
Parts = tuple[Float[np.ndarray, "*_"], ...]


class Functions(NamedTuple):
    """A solution as functions of points: its unknowns, one of its derivatives, its residuals."""

    unknowns: Evaluate
    derivative: Callable[[str], Evaluate]
    residuals: Residual


def selection(
    problem: Problem,
    planes: Sequence[Section],
    which: str | Sequence[str] | None,
    functions: Functions,
) -> tuple[Quantity, ...]:
    """What `which` names: unknowns, derivatives, `exact`, `error`, `residual`; without it, all.

    Errors are those of the unknowns that are named beside them, if any are. ValueError for a word
    that is none of these, and for an error where no solution is known.
    """
    known = problem.exact is not None
    if which is None:
        words = (*problem.unknowns, *(_WORDS if known else _WORDS[2:]))
    else:
        words = (which,) if isinstance(which, str) else tuple(which)
    names = [word for word in words if word not in _WORDS]
    _check(problem, words, names)
    unknowns = [problem.unknowns.index(name) for name in names if name in problem.unknowns]
    beside = unknowns or range(len(problem.unknowns))
    found = list[Quantity]()
    for name in names:
        wanted = partial(problem, name)
        assert wanted is not None
        parts = _parts(problem, planes, functions.derivative(name))
        found.append(value(problem, wanted.unknown, tuple(part[..., 0] for part in parts), name))
    if "exact" in words or "error" in words:
        values = _parts(problem, planes, functions.unknowns)
        assert problem.exact is not None
        against = problem.exact
        truth = _parts(problem, planes, lambda points: known_solution(problem, against, points))
        for index in beside:
            right = exact(problem, index, tuple(part[..., index] for part in truth))
            own = tuple(part[..., index] for part in values)
            if right.finite:
                found += [right] if "exact" in words else []
                found += [error(problem, index, own, right)] if "error" in words else []
    if "residual" in words:
        left = _parts(problem, planes, functions.residuals)
        for index in range(len(problem.equations)):
            found.append(residual(problem, index, tuple(part[..., index] for part in left)))
    return tuple(found)


def _check(problem: Problem, words: Sequence[str], names: Sequence[str]) -> None:
    wrong = [name for name in names if partial(problem, name) is None]
    if wrong or not words:
        unknowns = ", ".join(problem.unknowns)
        derivative = f"{problem.unknowns[0]}_{problem.coordinates[0]}"
        said = f"'{wrong[0]}'" if wrong else "nothing"
        raise ValueError(
            f"which: got {said}, needs an unknown ({unknowns}), a derivative such as "
            f"{derivative}, or one of {', '.join(_WORDS)}"
        )
    if problem.exact is None and {"exact", "error"} & set(words):
        raise ValueError(
            "which: the problem has no known solution to compare with; give it `exact` or "
            "`reference`, or ask for 'residual'"
        )


def _parts(problem: Problem, planes: Sequence[Section], function: Evaluate) -> Parts:
    found = list[Float[np.ndarray, "*_"]]()
    for plane in planes:
        points = plane.points(problem.box)
        rows = by_chunks(function, points.reshape(-1, problem.box.dimension))
        found.append(rows.reshape(*points.shape[:-1], -1))
    return tuple(found)
