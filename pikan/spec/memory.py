"""What the stages of training take in memory, which shows once everything is chosen."""

from collections.abc import Iterator
from itertools import pairwise
from math import isqrt, prod

from pikan.problem.statement import Problem, matching_partials, partials_in_use
from pikan.spec.faults import Check
from pikan.spec.networks import KANSettings, MLPSettings, ProductSettings
from pikan.spec.refinement import Size, refine_size, sizes
from pikan.spec.schema import PointSettings, Spec
from pikan.spec.stages.continuation import ContinuationStage
from pikan.spec.stages.gauss_newton import (
    JACOBIANS,
    SQUARES,
    GaussNewtonStage,
    RedrawSettings,
)
from pikan.spec.stages.refine import RefineStage
from pikan.spec.stages.resample import ResampleStage
from pikan.spec.stages.stage import BESIDE, StageSize, TrainingStage

# What training may take where the file is silent [bytes].
_USUAL = 4 * 10**9
# Rows of a level of a climb for each of its columns.
_ROWS = 1.2
# Partial derivatives of a problem of which nothing else is known.
_FEATURES = 4
_UNITS = ((10**6, "MB"), (10**9, "GB"), (10**12, "TB"))


def budget(spec: Spec) -> int:
    """How much training may take [bytes]."""
    return _USUAL if spec.memory is None else spec.memory


def columns(spec: Spec) -> int:
    """The most columns of a dense level of a climb that fits."""
    each = _ROWS * (JACOBIANS + _FEATURES) + SQUARES
    return isqrt(int(budget(spec) / (each * _size(spec))))


def check_memory(spec: Spec, problem: Problem) -> Check[None]:
    """Every stage of a completed spec fits."""
    for index, stage, size in counts(spec, problem):
        beside = size.rows * (BESIDE + 2 * len(spec.domain))
        # What is chunked takes half of the memory.
        chunks = budget(spec) // 2 if stage.chunked else 0
        need = (stage.numbers(size) + beside) * _size(spec) + chunks
        if need > budget(spec):
            remedy = "take adam and lbfgs, or fewer points or parameters"
            message = (
                f"needs about {text(need)} for {size.rows} rows and {size.parameters} parameters, "
                f"more than the memory of {text(budget(spec))}; "
                f"{remedy if stage.dense else 'take fewer points'}"
            )
            yield spec.origin.fault(("training", index, stage.word()), message)


def counts(spec: Spec, problem: Problem) -> Iterator[tuple[int, TrainingStage, StageSize]]:
    """Each stage of a completed spec with its place in the schedule and its size."""
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
                if (redraw := _redraw(stage)) is not None:
                    inside = redraw.points or inside
                rows = inside * len(problem.equations) + _on_faces(spec, problem)
                partials = len({one.orders for one in partials_in_use(problem)})
                counted = _parameters(spec, problem, bases, rank)
                yield index, stage, StageSize(rows, *counted, partials)


def _redraw(stage: TrainingStage) -> RedrawSettings | None:
    match stage:
        case GaussNewtonStage(gauss_newton=asked):
            return asked.redraw
        case ContinuationStage(continuation=asked):
            return asked.redraw
        case _:
            return None


def text(size: int) -> str:
    """A size for people.

    >>> text(2_000_000_000), text(82_340_000)
    ('2 GB', '82.3 MB')
    """
    unit, name = max(one for one in _UNITS if one[0] <= max(size, 10**6))
    return f"{size / unit:.3g} {name}"


def parameter_count(spec: Spec, problem: Problem) -> int:
    """The parameters of a completed spec's network before it grows."""
    rank = spec.network.rank if isinstance(spec.network, ProductSettings) else None
    return _parameters(spec, problem, sizes(spec), rank)[0]


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


def _size(spec: Spec) -> int:
    """Of one number [bytes]."""
    return 8 if spec.dtype == "float64" else 4
