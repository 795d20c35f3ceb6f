"""What the stages of training take in memory, which shows once everything is chosen."""

from collections.abc import Iterator
from itertools import pairwise
from math import isqrt, prod
from typing import NamedTuple

from pikan.problem.statement import Problem, matching_partials, partials_in_use
from pikan.spec.faults import Check
from pikan.spec.refinement import Size, refine_size, sizes
from pikan.spec.schema import (
    AdamStage,
    GaussNewtonStage,
    KANSettings,
    LBFGSStage,
    LeastSquaresStage,
    MLPSettings,
    PointSettings,
    ProductSettings,
    RefineStage,
    ResampleStage,
    Spec,
    SSBroydenStage,
    Stage,
)

# What training may take where the file is silent [bytes].
_USUAL = 4 * 10**9
# Matrices of the Jacobian's shape and of p² numbers that are in memory at once, as measured; as
# many more of the former as there are partial derivatives hold the features.
_JACOBIANS, _SQUARES, _DESIGNS, _INVERSES = 6, 4, 5, 5
# Rows of a level of a climb for each of its columns.
_ROWS = 1.2
# Partial derivatives of a problem of which nothing else is known.
_FEATURES = 4
# Numbers kept for each row beside all matrices: its residual under way, weights and times.
_BESIDE = 12
_UNITS = ((10**6, "MB"), (10**9, "GB"), (10**12, "TB"))


class Count(NamedTuple):
    """How many rows a stage has, parameters, and those of them in the last layer."""

    rows: int
    parameters: int
    last: int


def budget(spec: Spec) -> int:
    """How much training may take [bytes]."""
    return _USUAL if spec.memory is None else spec.memory


def columns(spec: Spec) -> int:
    """The most columns of a dense level of a climb that fits."""
    each = _ROWS * (_JACOBIANS + _FEATURES) + _SQUARES
    return isqrt(int(budget(spec) / (each * _size(spec))))


def check_memory(spec: Spec, problem: Problem) -> Check[None]:
    """Every stage of a completed spec fits."""
    for index, stage, count in counts(spec, problem):
        need = _required_bytes(spec, problem, stage, count)
        if need > budget(spec):
            name = next(iter(stage.model_dump()))
            message = (
                f"needs about {text(need)} for {count.rows} rows and {count.parameters} "
                f"parameters, more than the memory of {text(budget(spec))}; {_remedy(stage)}"
            )
            yield spec.origin.fault(("training", index, name), message)


def counts(spec: Spec, problem: Problem) -> Iterator[tuple[int, Stage, Count]]:
    """Each stage of a completed spec with its place in the schedule and its counts."""
    assert spec.sampling is not None
    bases = sizes(spec)
    rank = spec.network.rank if isinstance(spec.network, ProductSettings) else None
    inside = _total(spec.sampling.interior)
    for index, stage in enumerate(spec.training or ()):
        match stage:
            case RefineStage(refine=asked):
                bases = [refine_size(one, asked) for one in bases]
                rank = asked.rank or rank
            case ResampleStage(resample=asked):
                inside = asked.points or inside
            case _:
                rows = inside * len(problem.equations) + _on_faces(spec, problem)
                yield index, stage, Count(rows, *_parameters(spec, problem, bases, rank))


def text(size: int) -> str:
    """A size for people.

    >>> text(2_000_000_000), text(82_340_000)
    ('2 GB', '82.3 MB')
    """
    unit, name = max(one for one in _UNITS if one[0] <= max(size, 10**6))
    return f"{size / unit:.3g} {name}"


def _required_bytes(spec: Spec, problem: Problem, stage: Stage, count: Count) -> int:
    """About how much a stage takes in all [bytes]."""
    rows, parameters, last = count
    beside = rows * (_BESIDE + 2 * len(spec.domain))
    match stage:
        case GaussNewtonStage():
            matrices = _JACOBIANS + _features(problem)
            numbers = matrices * rows * parameters + _SQUARES * min(rows, parameters) ** 2
        case LeastSquaresStage():
            numbers = (_DESIGNS + _features(problem)) * rows * last
        case SSBroydenStage():
            numbers = _INVERSES * parameters**2
        case LBFGSStage(lbfgs=asked):
            numbers = 2 * ((asked.memory or 50) + _BESIDE) * parameters
        case _:
            numbers = _BESIDE * parameters
    # What is chunked takes half of the memory.
    chunked = budget(spec) // 2 if isinstance(stage, AdamStage | LBFGSStage | SSBroydenStage) else 0
    return (numbers + beside) * _size(spec) + chunked


def _remedy(stage: Stage) -> str:
    if isinstance(stage, AdamStage | LBFGSStage):
        return "take fewer points"
    return "take adam and lbfgs, or fewer points or parameters"


def _parameters(
    spec: Spec, problem: Problem, bases: list[Size], rank: int | str | None
) -> tuple[int, int]:
    """The number of parameters, and of those in the last layer."""
    unknowns = len(problem.unknowns)
    match spec.network:
        case KANSettings(width=width, base=base) if width is not None:
            nodes = [one if isinstance(one, int) else sum(one) for one in width]
            sums = [one if isinstance(one, int) else one[0] + 2 * one[1] for one in width]
            functions = [one.functions + (base != "none") for one in bases]
            layers = list(map(prod, zip(nodes[:-1], functions, sums[1:], strict=True)))
            return sum(layers), layers[-1]
        case MLPSettings(width=width) if width is not None:
            layers = [(a + 1) * b for a, b in pairwise(width)]
            return sum(layers), layers[-1]
        case _ if isinstance(rank, int):
            last = rank * unknowns
            return rank * sum(one.functions for one in bases) + last, last
        case _:
            whole = prod(one.functions for one in bases) * unknowns
            return whole, whole


def _on_faces(spec: Spec, problem: Problem) -> int:
    """The rows of all conditions."""
    assert spec.sampling is not None
    drawn, every = spec.sampling.faces, set(range(problem.box.dimension))
    conditions = sum(
        _total(drawn, every - {axis for axis, _ in face.fixed})
        for condition in problem.conditions
        for face in condition.faces
    )
    matches = sum(
        len(list(matching_partials(problem, one))) * _total(drawn, every - {one.axis})
        for one in problem.periodic
    )
    return conditions + matches


def _total(drawn: PointSettings, axes: set[int] | None = None) -> int:
    """The number of points, on a face those along its free `axes` alone."""
    if axes is not None and not axes:
        return 1
    if isinstance(drawn.points, tuple):
        return prod(n for axis, n in enumerate(drawn.points) if axes is None or axis in axes)
    return drawn.points or 0


def _features(problem: Problem) -> int:
    """How many partial derivatives the problem needs, whatever unknown they are of."""
    return len({one.orders for one in partials_in_use(problem)})


def _size(spec: Spec) -> int:
    """Of one number [bytes]."""
    return 8 if spec.dtype == "float64" else 4
