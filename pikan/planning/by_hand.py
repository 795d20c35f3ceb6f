"""What pikan chooses for a network that a file names, or for training that it writes itself."""

from typing import TypeVar

from pikan.bases.registry import families, family
from pikan.expression.check import collect_faults
from pikan.planning.deep_kan import (
    condition_reasons,
    deep_kan,
    deep_points,
    deep_reason,
    deep_training,
    is_deep,
    open_conditions,
)
from pikan.problem.classification import linear
from pikan.problem.statement import Problem
from pikan.problem.variational import essential_part
from pikan.spec.energies import descends
from pikan.spec.faults import SpecError
from pikan.spec.memory import check_memory, parameter_count
from pikan.spec.networks import KANSettings, MLPSettings, Network, ProductSettings
from pikan.spec.refinement import check_refinements
from pikan.spec.schema import PointSettings, Sampling, Spec
from pikan.spec.stages.adam import AdamSettings, AdamStage
from pikan.spec.stages.climb import ClimbSettings
from pikan.spec.stages.gauss_newton import GaussNewtonSettings, GaussNewtonStage
from pikan.spec.stages.identify import IdentifySettings
from pikan.spec.stages.lbfgs import LBFGSSettings, LBFGSStage
from pikan.spec.stages.least_squares import LeastSquaresSettings, LeastSquaresStage
from pikan.spec.stages.stage import TrainingStage

T = TypeVar("T", int, str)
M = TypeVar(
    "M",
    Spec,
    KANSettings,
    MLPSettings,
    ProductSettings,
    PointSettings,
    Sampling,
    ClimbSettings,
    IdentifySettings,
)

# What trains any network, in as little memory as there is.
_ITERATIVE: tuple[TrainingStage, ...] = (
    AdamStage(adam=AdamSettings(steps=1000, lr=1e-2, schedule="cosine")),
    LBFGSStage(lbfgs=LBFGSSettings(steps=3000)),
)
# Conditions count more than the equation: if they do not, the loss falls to a wrong solution.
_CONDITIONS = 100.0


def plan_by_hand(spec: Spec, problem: Problem) -> tuple[Spec, tuple[str, ...]]:
    """The rest of a file that chooses its network or its training itself."""
    deep = is_deep(spec.network, spec.training)
    network = _network(spec.network, problem, deep)
    reasons: list[str] = []
    if spec.network is None:
        reasons.append("network: a KAN of cubic B-splines with two hidden layers")
    elif deep and isinstance(network, KANSettings):
        reasons.append(deep_reason(network, problem))
    own = spec.network is not None and spec.network.conditions is None
    # Natural conditions follow from an energy that stages go down along.
    stated = essential_part(problem) if descends(spec) else problem
    reasons += condition_reasons(network, stated, chosen=own)
    filled = with_values(spec, network=network)
    sampling = _sampling(filled, network, problem, deep)
    training = spec.training or _training(network, problem, sampling, deep)
    weights = spec.weights
    asked = open_conditions(network, stated)
    if asked and not any(label != "equation" for label in weights):
        weights = {**weights, "conditions": _CONDITIONS}
        reasons.append(f"weights: the conditions count {_CONDITIONS:g} times the equation")
    filled = with_values(filled, training=training, sampling=sampling, weights=weights)
    if spec.training is None:
        large = [fault.message.partition(";")[0] for fault in check_memory(filled, problem)]
        filled = with_values(filled, training=_ITERATIVE) if large else filled
        names = [stage.word() for stage in filled.training or ()]
        because = [f"{training[0].word()} {need}" for need in large]
        reasons.append("; ".join([f"training: {', '.join(names)}", *because]))
    for check in (check_refinements(filled), check_memory(filled, problem)):
        faults, _ = collect_faults(check)
        if faults:
            raise SpecError(faults)
    return filled, tuple(reasons)


def _network(network: Network | None, problem: Problem, deep: bool) -> Network:
    ends = problem.box.dimension, len(problem.unknowns)
    match network:
        case MLPSettings():
            return with_values(network, width=network.width or (ends[0], 32, 32, ends[1]))
        case ProductSettings():
            basis = network.basis or "chebyshev"
            cells = any(each.cells for each in families(basis))
            degree = network.degree or (3 if isinstance(basis, str) and cells else 12)
            return with_values(
                network,
                rank=network.rank or "full",
                basis=basis,
                degree=degree,
                grid=network.grid or (16 if cells else None),
            )
        case KANSettings() if deep:
            return deep_kan(network, problem)
        case _:
            return _kan(network or KANSettings(kind="kan"), ends)


def _kan(network: KANSettings, ends: tuple[int, int]) -> KANSettings:
    basis = network.basis or "bspline"
    cells = any(each.cells for each in families(basis))
    ridge = network.start == "ridge"
    return with_values(
        network,
        width=network.width or ((ends[0], 16, ends[1]) if ridge else (ends[0], 8, 8, ends[1])),
        basis=basis,
        degree=network.degree or (3 if isinstance(basis, str) and cells else 8),
        grid=network.grid or (8 if cells else None),
        base=network.base or ("silu" if cells and not ridge else "none"),
        start=network.start or "random",
        squash=network.squash or ("none" if ridge else "tanh"),
    )


def _training(
    network: Network, problem: Problem, sampling: Sampling, deep: bool
) -> tuple[TrainingStage, ...]:
    """What suits a network: one linear solve where that is all it takes."""
    if deep:
        return deep_training(problem, sampling)
    last_layer_alone = (isinstance(network, ProductSettings) and network.rank == "full") or (
        isinstance(network, KANSettings) and network.start == "ridge"
    )
    if last_layer_alone and linear(problem):
        return (LeastSquaresStage(least_squares=LeastSquaresSettings()),)
    if isinstance(network, ProductSettings) or last_layer_alone:
        return (GaussNewtonStage(gauss_newton=GaussNewtonSettings()),)
    return _ITERATIVE


def _sampling(filled: Spec, network: Network, problem: Problem, deep: bool) -> Sampling:
    """Points on a grid that matches a full product, else spread evenly."""
    sampling = filled.sampling or Sampling()
    if isinstance(network, ProductSettings) and network.rank == "full":
        dimension = problem.box.dimension
        names = _each(network.basis or "chebyshev", dimension)
        degrees, cells = _each(network.degree or 0, dimension), _each(network.grid or 0, dimension)
        counts = tuple(map(_axis, names, degrees, cells))
        own = PointSettings(method="chebyshev", points=counts)
        return Sampling(interior=_fill(sampling.interior, own), faces=_fill(sampling.faces, own))
    inside = PointSettings(method="sobol", points=2048 if problem.box.dimension > 1 else 256)
    if deep:
        inside = deep_points(parameter_count(filled, problem), problem)
    return Sampling(
        interior=_fill(sampling.interior, inside),
        faces=_fill(sampling.faces, PointSettings(method="sobol", points=256)),
    )


def _axis(basis: str, degree: int, cells: int) -> int:
    """How many Chebyshev points along a coordinate: a few more than functions."""
    known = family(basis)
    if not known.cells and not known.climbs:
        # Waves are as short in the middle, where such points are far apart, as at the ends.
        return 2 * degree + 3
    return degree + 3 + cells


def _each(setting: T | tuple[T, ...], count: int) -> tuple[T, ...]:
    return setting if isinstance(setting, tuple) else (setting,) * count


def _fill(given: PointSettings, own: PointSettings) -> PointSettings:
    """The points as given, completed by pikan's own; a method of the file gets a plain number."""
    if given.method is not None and given.points is None and given.method != own.method:
        return with_values(given, points=2048)
    return PointSettings(method=given.method or own.method, points=given.points or own.points)


def with_values(model: M, **changes: object) -> M:
    """A copy with some values replaced."""
    return model.model_copy(update=changes)
