"""Pairs of functions: drawn from a law and solved for, or read from a file."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from math import exp, pi, sqrt
from time import perf_counter
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float

from pikan.expression.evaluate import evaluate
from pikan.expression.parse import parse
from pikan.expression.tree import Expression, substitute
from pikan.files.arrays import DataError, read_arrays
from pikan.linalg.dense import inverse
from pikan.operator_files.solves import solve_input, way_of
from pikan.operators.operator import Array
from pikan.problem.family import affine_parameters, family
from pikan.problem.statement import Parameter, Problem, with_constants
from pikan.solvers.level import SolverResult
from pikan.spec.faults import SpecError
from pikan.spec.operators import OperatorStatement

# Modes are left out below this part of the largest; the period is the width and so many lengths.
_MODES, _APART = 1e-6, 5.0
# Inputs and outputs are given on so many points along one coordinate, along each of several.
_ON_LINE, _ALONG_EACH = 101, 51


@final
@dataclass(frozen=True)
class PairFacts:
    """How pairs were made: `solved` problems, all others by superposition where it is `affine`.

    `estimate` is the largest estimated error of a solve, None where one has none; `milliseconds`
    is the mean time of one.
    """

    modes: int
    solved: int
    affine: bool
    estimate: float | None
    milliseconds: float


class Pairs(NamedTuple):
    """Inputs and outputs, those to fit first; `grids` are the places of an output."""

    a: Array
    u: Array
    train: int
    grids: Mapping[str, Array]
    facts: PairFacts | None


class RandomField(NamedTuple):
    """A Gaussian field as a sum of waves: names of the coefficients, and their functions."""

    names: tuple[str, ...]
    functions: tuple[str, ...]

    def formula(self) -> Expression:
        """The sum, as a formula of the coefficients."""
        pairs = zip(self.names, self.functions, strict=True)
        return parse(" + ".join(f"{name}*{function}" for name, function in pairs))


def random_field(stated: OperatorStatement) -> RandomField:
    """The waves of a field on an interval, which is part of a longer period, or all of it.

    The coefficients are independent and standard normal. The covariance is that of the law but for
    its images a period away: exp(-12.5) of it, or the periodic one where the problem is periodic.

    Source: Dietrich and Newsam 1997, doi 10.1137/S1064827592240555 (circulant embedding).
    """
    assert stated.problem is not None
    box, entering = stated.problem.box, stated.settings.operator.input
    law, axis = stated.settings.inputs[entering].gaussian, box.coordinates.index(stated.over)
    low, width = box.lower[axis], box.upper[axis] - box.lower[axis]
    periodic = any(one.axis == axis for one in stated.problem.periodic)
    period = width if periodic else width + _APART * law.length
    sizes: list[float] = []
    while not sizes or sizes[-1] > _MODES * sizes[0]:
        sizes.append(exp(-((2 * pi * len(sizes) * law.length / period) ** 2) / 4.0))
    unit = law.amplitude / sqrt(sizes[0] ** 2 + 2 * sum(size**2 for size in sizes[1:]))
    functions = [repr(unit)]
    for k, size in enumerate(sizes[1:], 1):
        angle = f"({2 * pi * k / period!r}*({stated.over} - ({low!r})))"
        functions += [f"{sqrt(2) * unit * size!r}*{wave}{angle}" for wave in ("cos", "sin")]
    return RandomField(tuple(f"{entering}mode{k}" for k in range(len(functions))), tuple(functions))


@final
class Solved(NamedTuple):
    """The problems that have been solved so far, the seconds that took, and how many are wanted."""

    results: tuple[SolverResult, ...]
    seconds: float
    wanted: int


def make_pairs(
    stated: OperatorStatement, known: tuple[SolverResult, ...], seconds: float
) -> Generator[Solved, None, Pairs]:
    """Pairs from the file that is named, or those of the law, a problem solved for each.

    Where the problem is linear and the input multiplies no unknown, as many problems are solved
    as there are modes, and one, and all other outputs are superpositions of theirs. Those that are
    `known`, which took some seconds, are the first; what is yielded is what there is so far.
    """
    if stated.settings.data is not None:
        return _from_file(stated)
    assert stated.problem is not None
    entering = stated.settings.operator.input
    law, field = stated.settings.inputs[entering], random_field(stated)
    problem = with_field(stated.problem, entering, field)
    own = [Parameter(name, -1.0, 1.0, logarithmic=False) for name in field.names]
    affine = len(affine_parameters(family(problem, own))) == len(own)
    count, modes = law.samples + law.test, len(own)
    generator = torch.Generator().manual_seed(stated.settings.seed)
    drawn = torch.randn(count, modes, generator=generator, dtype=torch.float64)
    solved = min(modes + 1, count) if affine else count
    grids = grids_of(problem)
    points = torch.cartesian_prod(*map(torch.from_numpy, grids.values()))
    points = points.reshape(-1, len(grids))
    leaving = problem.unknowns.index(stated.settings.operator.output)
    results, way = list(known), None
    for row in drawn[len(known) : solved]:
        began = perf_counter()
        own = with_constants(problem, dict(zip(field.names, row.tolist(), strict=True)))
        way = way or way_of(stated, own)
        others = (drawn[: len(results)] - row).norm(dim=1)
        near = results[int(others.argmin())] if results else None
        results.append(solve_input(stated, own, way, near, len(results)))
        seconds += perf_counter() - began
        yield Solved(tuple(results), seconds, solved)
    with torch.no_grad():
        u = torch.stack([one.network(points)[:, leaving].double() for one in results])
    if solved < count:
        those = torch.cat([torch.ones(solved, 1).to(drawn), drawn[:solved]], dim=1)
        every = torch.cat([torch.ones(count, 1).to(drawn), drawn], dim=1)
        u = every @ (inverse(those) @ u)
    estimates = [one.estimate for one in results]
    told = [one for one in estimates if one is not None]
    facts = PairFacts(
        modes,
        solved,
        affine,
        max(told) if len(told) == len(estimates) else None,
        1e3 * seconds / solved,
    )
    a = drawn.numpy() @ field_values(stated, field)
    shape = tuple(len(grid) for grid in grids.values())
    return Pairs(a, u.reshape(count, *shape).numpy(), law.samples, grids, facts)


def with_field(problem: Problem, entering: str, field: RandomField) -> Problem:
    """The problem in which the field stands for the input; its coefficients are constants."""
    stands = {entering: field.formula()}
    constants = {name: value for name, value in problem.constants.items() if name != entering}
    return replace(
        problem,
        constants={**constants, **dict.fromkeys(field.names, 1.0)},
        equations=tuple(
            replace(one, residual=substitute(one.residual, stands)) for one in problem.equations
        ),
        conditions=tuple(
            replace(one, residual=substitute(one.residual, stands)) for one in problem.conditions
        ),
        exact=None,
    )


def grids_of(problem: Problem) -> Mapping[str, Array]:
    """Equally spaced places along each coordinate, where outputs are given."""
    box = problem.box
    count = _ON_LINE if box.dimension == 1 else _ALONG_EACH
    bounds = zip(box.coordinates, box.lower, box.upper, strict=True)
    return {name: np.linspace(low, high, count) for name, low, high in bounds}


def field_values(stated: OperatorStatement, field: RandomField) -> Float[np.ndarray, "_ _"]:
    """The modes of a field at the equally spaced places where inputs are given, a row each."""
    assert stated.problem is not None
    box, axis = stated.problem.box, stated.problem.coordinates.index(stated.over)
    places = np.linspace(box.lower[axis], box.upper[axis], _ON_LINE)
    values = {stated.over: places}
    return np.stack(
        [np.zeros(_ON_LINE) + evaluate(parse(one), values, np) for one in field.functions]
    )


def _from_file(stated: OperatorStatement) -> Pairs:
    """The pairs of a file; SpecError where there are too few."""
    asked = stated.settings.data
    assert asked is not None
    path = stated.origin.folder / asked.file
    try:
        columns = path.suffix.lower() == ".csv"
        arrays = read_arrays(path, None if columns else [asked.input, asked.output])
    except DataError as error:
        raise SpecError([stated.origin.fault(("data", "file"), str(error))]) from None
    found = {
        key: _array(stated, arrays, key, name) if columns else arrays[name]
        for key, name in (("input", asked.input), ("output", asked.output))
    }
    a, u = found["input"], found["output"]
    for key, values in found.items():
        if values.ndim < 2 or len(values) < asked.train + asked.test:
            message = (
                f"got an array of shape {values.shape}, needs train + test = "
                f"{asked.train + asked.test} rows or more, and values along the other axes"
            )
            raise SpecError([stated.origin.fault(("data", key), message)])
    grids = {f"axis {k}": np.arange(float(n)) for k, n in enumerate(u.shape[1:], 1)}
    count = asked.train + asked.test
    return Pairs(a[:count], u[:count], asked.train, grids, None)


def _array(stated: OperatorStatement, arrays: Mapping[str, Array], key: str, name: str) -> Array:
    """The columns name0, name1, ... of a table, side by side."""
    numbers = {
        int(column.removeprefix(name).removeprefix("_")): column
        for column in arrays
        if column.startswith(name) and column.removeprefix(name).removeprefix("_").isdecimal()
    }
    if not numbers:
        message = f"there are no columns {name}0, {name}1, ... in the file"
        raise SpecError([stated.origin.fault(("data", key), message)])
    return np.stack([arrays[numbers[k]] for k in sorted(numbers)], axis=1)
