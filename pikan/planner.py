"""What pikan chooses where a problem file is silent, and why, in a sentence or two each."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from pikan.bases.registry import families, family
from pikan.expression.check import collect_faults
from pikan.expression.wording import word_list
from pikan.problem.classification import equation_order, is_determined, is_evolution, linear
from pikan.problem.corner_singularities import singular_points
from pikan.problem.family import affine_parameters, inner_values, member
from pikan.problem.features import Features, features
from pikan.problem.initial_value import (
    is_first_order_in_time,
    is_stepped,
    largest_rate,
    space_axis,
)
from pikan.problem.separable import separate
from pikan.problem.statement import Problem
from pikan.problem.wellposed.corners import jumps
from pikan.spec.faults import SpecError
from pikan.spec.memory import check_memory, columns
from pikan.spec.networks import KANSettings, MLPSettings, Network, ProductSettings
from pikan.spec.refinement import check_refinements
from pikan.spec.schema import PointSettings, Sampling, Spec
from pikan.spec.stages.adam import AdamSettings, AdamStage
from pikan.spec.stages.climb import ClimbSettings, ClimbStage
from pikan.spec.stages.elements import ElementsSettings, ElementsStage
from pikan.spec.stages.gauss_newton import GaussNewtonSettings, GaussNewtonStage
from pikan.spec.stages.identify import IdentifySettings, IdentifyStage
from pikan.spec.stages.lbfgs import LBFGSSettings, LBFGSStage
from pikan.spec.stages.least_squares import LeastSquaresSettings, LeastSquaresStage
from pikan.spec.stages.march import MarchSettings, MarchStage
from pikan.spec.stages.minimize import MinimizeSettings, MinimizeStage
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

# The accuracy aimed at where none is asked: what a dense solve gives, and what time-marching gives
# in about a minute.
LINEAR, NONLINEAR, MARCHED = 1e-12, 1e-10, 1e-7
# In three coordinates another digit is dear.
_LINEAR_3D, _NONLINEAR_3D = 1e-10, 1e-8
# One linear equation is often solved along one coordinate after the other, so that levels cost
# little more than their memory, and low ones nothing worth saving; all else takes dense matrices.
_ALONE_LARGEST, _ALONE_START = 40_000, 16
# The accuracy aimed at on cells where none is asked, and the most coefficients of one unknown that
# one polynomial has before.
_ON_CELLS, _NONLINEAR_ON_CELLS, _BY_STEPS_ALONE, _BY_STEPS = 1e-10, 1e-9, 1e-8, 1e-6
# In the plane, and where conditions do not fit together in its corners.
_IN_PLANE, _IN_CORNERS = 1e-8, 1e-5
# The accuracy aimed at where an energy is minimized, and where it is so under bounds.
_ENERGIES, _BOUNDED = 1e-8, 1e-3
# Unknowns that change by so many times themselves in all the time, at their first rate, are stiff.
_STIFF = 100.0
_ONE_POLYNOMIAL, _ONE_NONLINEAR = 300, 200
# A family aims at so many times what its members reach by themselves, and members of a family with
# an accuracy at this part of it.
_OF_FAMILY, _OF_MEMBERS = 100.0, 0.2
# The first level of a member is so much below that of a member near by, and not below that.
_BELOW, _FIRST = 2, 4
# A full product has (degree + 1)^d coefficients: beyond three coordinates that is too many.
_FULL = 3
# The first degrees in a region, by the number of coordinates, and the most coefficients of one
# unknown.
_REGION_START, _REGION_LARGEST = {2: 14, 3: 8}, 2000
# The accuracy aimed at in regions with corners.
_AT_CORNERS = 1e-9
# The first degrees of a fit to data, by the number of coordinates.
_FOUND_START = {1: 24, 2: 10, 3: 5}
# The most coefficients of fields that confirm what the weak form has told.
_CONFIRMED = 1200
# What trains any network, in as little memory as there is.
_ITERATIVE: tuple[TrainingStage, ...] = (
    AdamStage(adam=AdamSettings(steps=1000, lr=1e-2, schedule="cosine")),
    LBFGSStage(lbfgs=LBFGSSettings(steps=3000)),
)
# Conditions count more than the equation: if they do not, the loss falls to a wrong solution.
_CONDITIONS = 100.0


def complete(spec: Spec, problem: Problem) -> tuple[Spec, tuple[str, ...]]:
    """The spec with everything filled in that the file leaves out, and the reasons.

    SpecError where a refinement asks for less than what it starts from.
    """
    if problem.parameters:
        return _plan_family(spec, problem)
    if problem.energy is not None and _is_minimized(spec):
        return _plan_energy(spec, problem)
    match spec.network, spec.training:
        case ((ProductSettings() | None as network), None) if problem.find or problem.discover:
            return _plan_identification(spec, problem, network, IdentifySettings())
        case ((ProductSettings() | None as network), (IdentifyStage() as stage,)):
            return _plan_identification(spec, problem, network, stage.identify)
        case None, None:
            return _automatic(spec, problem)
        case ((ProductSettings() | None as network), (ClimbStage() as stage,)):
            return _plan_p_refinement(spec, problem, network, stage.climb)
        case (
            (ProductSettings() | None as network),
            (ClimbStage() as stage, ElementsStage() as cells),
        ):
            completed, reasons = _plan_p_refinement(spec, problem, network, stage.climb)
            assert completed.training is not None
            return _with(completed, training=(*completed.training, cells)), reasons
        case ((ProductSettings() | None as network), (ElementsStage() as stage,)):
            return _plan_elements(spec, problem, network, stage.elements)
        case ((ProductSettings() | None as network), (MarchStage() as stage,)):
            return _plan_time_marching(spec, problem, network, stage.march)
        case _:
            return _by_hand(spec, problem)


def member_spec(spec: Spec, values: Mapping[str, float]) -> Spec:
    """The spec of one member of a family: its parameters are constants."""
    numbers = {name: values[name] for name in spec.parameters}
    accuracy = None if spec.accuracy is None else _OF_MEMBERS * spec.accuracy
    constants = {**spec.constants, **numbers}
    return _with(spec, parameters={}, constants=constants, accuracy=accuracy)


def complete_member(
    spec: Spec, problem: Problem, values: Mapping[str, float], near: tuple[int, ...] | None
) -> Spec:
    """The completed spec of a member; `near` are the degrees of one that has been solved."""
    completed, _ = complete(member_spec(spec, values), problem)
    network, training = completed.network, completed.training or (None,)
    if near is None or not isinstance(training[0], ClimbStage):
        return completed
    if not isinstance(network, ProductSettings) or network.rank is None:
        return completed
    # Two levels are to agree, the higher one as high as the other member's.
    start = tuple(max(degree - _BELOW, _FIRST) for degree in near)
    return _with(completed, network=_with(network, degree=start))


def _plan_family(spec: Spec, problem: Problem) -> tuple[Spec, tuple[str, ...]]:
    """Members at nodes of the parameters, each of them solved as it would be by itself."""
    values = inner_values(problem.parameters)
    inside, reasons = complete(member_spec(spec, values), member(problem, values))
    accuracy = spec.accuracy or _OF_FAMILY * (inside.accuracy or NONLINEAR)
    names = [one.name + " (by its logarithm)" * one.logarithmic for one in problem.parameters]
    flat = sorted(affine_parameters(problem))
    reason = (
        f"a family in {word_list(names)}: members at nested nodes, interpolated, as products of "
        f"fields and functions of the parameters; fresh members must agree to {accuracy:g}"
    )
    reason += f"; affine in {word_list(flat)}: two nodes" if flat else ""
    shown = ", ".join(f"{name} = {value:.4g}" for name, value in values.items())
    return _with(spec, accuracy=accuracy), (reason, *(f"at {shown}: {one}" for one in reasons))


def _automatic(spec: Spec, problem: Problem) -> tuple[Spec, tuple[str, ...]]:
    """A network and a schedule from the equation alone."""
    if problem.region is not None:
        return _plan_p_refinement(spec, problem, None, ClimbSettings())
    if problem.box.dimension > _FULL:
        return _plan_search(spec, problem, None, ClimbSettings())
    if (
        is_first_order_in_time(problem)
        and _has_diffusion(problem)
        and (_is_rough(problem) or _misfits(problem) or _is_stiff(problem))
    ):
        return _plan_elements(spec, problem, None, ElementsSettings())
    if separate(problem) is not None and (_is_rough(problem) or _misfits(problem)):
        return _plan_elements(spec, problem, None, ElementsSettings())
    if is_determined(problem) and (linear(problem) or not is_evolution(problem)):
        return _plan_one_coordinate(spec, problem)
    if linear(problem) and is_first_order_in_time(problem) and _has_diffusion(problem):
        completed, (reason,) = _plan_p_refinement(spec, problem, None, ClimbSettings())
        assert completed.training is not None
        aim = None if spec.accuracy else _accuracy_on_cells(problem)
        cells = ElementsStage(elements=ElementsSettings(accuracy=aim))
        reason += "; where that does not do, time steps with Radau stages on cells"
        return _with(completed, training=(*completed.training, cells)), (reason,)
    # With two coordinates in space time-marching costs as much per slab as all of p-refinement.
    if (
        problem.box.dimension < _FULL
        and is_evolution(problem)
        and (not linear(problem) or _narrow_in_time(problem))
    ):
        return _plan_time_marching(spec, problem, None, MarchSettings())
    return _plan_p_refinement(spec, problem, None, ClimbSettings())


def _narrow_in_time(problem: Problem) -> bool:
    """Whether known functions vary, jump or bend where polynomials in all of t would not do."""
    axis = problem.box.evolution
    found = features(problem)
    return len(found.edges[axis]) > 2 or any(one.axis == axis for one in found.places)


def _plan_one_coordinate(spec: Spec, problem: Problem) -> tuple[Spec, tuple[str, ...]]:
    """Cells where known functions are narrow, jump or bend, or where one polynomial fails."""
    if _is_rough(problem):
        return _plan_elements(spec, problem, None, ElementsSettings())
    one = _ONE_POLYNOMIAL if linear(problem) else _ONE_NONLINEAR
    climb = ClimbSettings(largest=one * len(problem.unknowns))
    completed, (reason,) = _plan_p_refinement(spec, problem, None, climb)
    assert completed.training is not None
    aim = None if spec.accuracy else _accuracy_on_cells(problem)
    cells = ElementsStage(elements=ElementsSettings(accuracy=aim))
    reason += f"; where degree {one} does not do, polynomials on cells that are halved"
    return _with(completed, training=(*completed.training, cells)), (reason,)


def _plan_elements(
    spec: Spec, problem: Problem, network: ProductSettings | None, elements: ElementsSettings
) -> tuple[Spec, tuple[str, ...]]:
    accuracy = elements.accuracy or spec.accuracy or _accuracy_on_cells(problem)
    chosen = _with(network or ProductSettings(kind="product"), rank="full")
    rough = _roughness(problem, _known_features(problem))
    if is_stepped(problem):
        how = "time steps with Radau stages"
        if problem.box.dimension > 1:
            how += ", polynomials on cells that go with the solution (spectral elements)"
        reason = f"{rough}{how}; a finer second march must agree to {accuracy:g}"
    else:
        how = "solved directly" if linear(problem) else "by Newton's method and continuation"
        how = f"products of them, {how}" if problem.box.dimension > 1 else how
        reason = (
            f"{rough}polynomials on cells (spectral elements), {how}; "
            f"cells are halved until two degrees agree to {accuracy:g}"
        )
    training = (ElementsStage(elements=elements),)
    return _with(spec, network=chosen, accuracy=accuracy, training=training), (reason,)


def _is_rough(problem: Problem) -> bool:
    """Whether known functions are narrow, jump or bend."""
    found = _known_features(problem)
    return bool(found.narrow or found.places or not found.smooth)


def _misfits(problem: Problem) -> list[str]:
    """What jumps where faces meet; in nonlinear problems splines on fine knots bear slopes."""
    values = tuple(f"{name} jumps" for name in problem.unknowns)
    return [one for one in jumps(problem) if linear(problem) or one.startswith(values)]


def _has_diffusion(problem: Problem) -> bool:
    """Whether what jumps or bends dies out where it is: transport alone would move it."""
    space, time = space_axis(problem), problem.box.axis("t")
    return space is None or not any(
        equation_order(problem, k, time) and equation_order(problem, k, space) == 1
        for k in range(len(problem.unknowns))
    )


def _is_stiff(problem: Problem) -> bool:
    """Whether a nonlinear problem in t alone is fast at its start, for the time that it lasts."""
    (lower, *_), (upper, *_) = problem.box.lower, problem.box.upper
    alone = problem.box.dimension == 1 and not linear(problem)
    return alone and not (upper - lower) * largest_rate(problem) < _STIFF


def _known_features(problem: Problem) -> Features:
    """What the equations and conditions tell; a known solution is there to compare with alone."""
    return features(replace(problem, exact=None))


def _accuracy_on_cells(problem: Problem) -> float:
    if is_stepped(problem):
        return _BY_STEPS_ALONE if problem.box.dimension == 1 else _BY_STEPS
    if problem.box.dimension > 1:
        return _IN_CORNERS if _misfits(problem) else _IN_PLANE
    return _ON_CELLS if linear(problem) else _NONLINEAR_ON_CELLS


def _roughness(problem: Problem, found: Features) -> str:
    """The first thing in the known functions that one polynomial would not resolve."""
    for one in found.narrow:
        return f"'{one.formula}' varies within {one.width:.1e} at {one.place}: "
    for one in found.places:
        verb = "jumps" if one.kind == "jump" else "has a kink"
        return f"'{one.formula}' {verb} at {problem.coordinates[one.axis]} = {one.value:.6g}: "
    for jump in _misfits(problem):
        return f"{jump.partition(';')[0]}: "
    return ""


def _plan_p_refinement(
    spec: Spec, problem: Problem, network: ProductSettings | None, climb: ClimbSettings
) -> tuple[Spec, tuple[str, ...]]:
    dimension = problem.box.dimension
    if problem.region is not None:
        return _plan_region(spec, problem, network, climb)
    if dimension > _FULL and (network is None or network.rank is None):
        return _plan_search(spec, problem, network, climb)
    kind = "linear" if linear(problem) else "nonlinear"
    plain, solid = (LINEAR, _LINEAR_3D) if kind == "linear" else (NONLINEAR, _NONLINEAR_3D)
    accuracy = spec.accuracy or (plain if dimension < _FULL else solid)
    start = 8 if dimension < _FULL else 6
    if kind == "linear" and len(problem.equations) == 1:
        start = _ALONE_START if dimension < _FULL else start
        if "largest" not in climb.model_fields_set:
            climb = _with(climb, largest=_ALONE_LARGEST)
    largest = min(climb.largest, columns(spec))
    while start > 1 and (start + 1) ** dimension > largest:
        start //= 2
    given = network or ProductSettings(kind="product")
    chosen = _with(
        given, rank="full", basis=given.basis or "chebyshev", degree=given.degree or start
    )
    training = (ClimbStage(climb=climb),)
    how = "solved directly" if kind == "linear" else "by Gauss-Newton"
    reason = (
        f"{kind} in {dimension} coordinate{'s' * (dimension > 1)}: all products of "
        f"{str(chosen.basis).capitalize()} polynomials, {how}; degrees rise until two levels "
        f"agree to {accuracy:g}"
    )
    return _with(spec, network=chosen, accuracy=accuracy, training=training), (reason,)


def _plan_region(
    spec: Spec, problem: Problem, network: ProductSettings | None, climb: ClimbSettings
) -> tuple[Spec, tuple[str, ...]]:
    """Polynomials of one total degree on a box around the region, on points of it alone."""
    dimension = problem.box.dimension
    kind = "linear" if linear(problem) else "nonlinear"
    plain, solid = (LINEAR, _LINEAR_3D) if kind == "linear" else (NONLINEAR, _NONLINEAR_3D)
    corners = () if spec.singular == "none" else singular_points(problem)
    plain = _AT_CORNERS if corners else plain
    accuracy = spec.accuracy or (plain if dimension < _FULL else solid)
    given = network or ProductSettings(kind="product")
    start = _REGION_START.get(dimension, _REGION_START[_FULL])
    chosen = _with(
        given, rank="full", basis=given.basis or "chebyshev", degree=given.degree or start
    )
    if "largest" not in climb.model_fields_set:
        climb = _with(climb, largest=_REGION_LARGEST * len(problem.unknowns))
    how = "least squares" if kind == "linear" else "Gauss-Newton"
    reason = (
        f"{kind} in a region: polynomials of one total degree on a box around it, on points inside "
        f"and on its boundary, by {how}; degrees rise until two levels agree to {accuracy:g}"
    )
    if corners:
        functions = "; ".join(one.words(problem.coordinates) for one in corners)
        reason += f"; where polynomials alone do not do, with {functions}"
    training = (ClimbStage(climb=climb),)
    return _with(spec, network=chosen, accuracy=accuracy, training=training), (reason,)


def _plan_time_marching(
    spec: Spec, problem: Problem, network: ProductSettings | None, march: MarchSettings
) -> tuple[Spec, tuple[str, ...]]:
    space = problem.box.dimension - 1
    bases = ["bspline" if space == 1 else "chebyshev"] * (space + 1)
    bases[problem.box.evolution] = "chebyshev"
    accuracy = spec.accuracy or MARCHED
    chosen = _with(network or ProductSettings(kind="product"), rank="full", basis=tuple(bases))
    training = (MarchStage(march=march),)
    basis = "adaptive B-splines" if space == 1 else "polynomials"
    names = [problem.coordinates[axis] for axis in problem.box.space]
    reason = (
        f"{'linear' if linear(problem) else 'nonlinear'} evolution problem: {basis} in "
        f"{word_list(names)}, time-marching, Gauss-Newton; a finer second march must agree to "
        f"{accuracy:g}"
    )
    return _with(spec, network=chosen, accuracy=accuracy, training=training), (reason,)


def _plan_identification(
    spec: Spec, problem: Problem, network: ProductSettings | None, identify: IdentifySettings
) -> tuple[Spec, tuple[str, ...]]:
    """Fields and constants from data, together."""
    dimension = problem.box.dimension
    periodic = {one.axis for one in problem.periodic}
    bases = tuple("fourier" if axis in periodic else "chebyshev" for axis in range(dimension))
    given = network or ProductSettings(kind="product")
    start = _FOUND_START.get(dimension, _FOUND_START[_FULL])
    chosen = _with(given, rank="full", basis=given.basis or bases, degree=given.degree or start)
    names = word_list([one.name for one in problem.find] or ["coefficients"])
    reason = (
        f"{names} from data: the solution and the constants by one Gauss-Newton, the equations to "
        "a tolerance that falls until nothing depends on it; degrees rise until two bases agree"
    )
    if problem.discover:
        sums = word_list([one.text for one in problem.discover])
        reason = (
            f"terms of {sums} from data: candidates in the weak form, all subsets by an "
            f"information criterion, votes of several widths of test functions; then {reason}"
        )
        if "largest" not in identify.model_fields_set:
            identify = _with(identify, largest=_CONFIRMED)
    training = (IdentifyStage(identify=identify),)
    return _with(spec, network=chosen, training=training), (reason,)


def _is_minimized(spec: Spec) -> bool:
    """Whether an energy is not left to a network and stages of the file's own."""
    own = isinstance(spec.network, ProductSettings | None)
    return own and (spec.training is None or isinstance(spec.training[0], MinimizeStage))


def _plan_energy(spec: Spec, problem: Problem) -> tuple[Spec, tuple[str, ...]]:
    """The minimum of an energy, by Newton's method on it."""
    assert problem.energy is not None
    assert isinstance(spec.network, ProductSettings | None)
    bounded = bool(problem.energy.obstacles)
    accuracy = spec.accuracy or (_BOUNDED if bounded else _ENERGIES)
    chosen = _with(spec.network or ProductSettings(kind="product"), rank="full")
    how = (
        "piecewise linear, the contact set by active sets; cells are halved"
        if bounded
        else "polynomials on cells that end where materials do, Gauss points; degrees rise"
    )
    kind = "a quadratic energy" if linear(problem) else "an energy"
    reason = f"{kind}, minimized by Newton's method: {how} until two levels agree to {accuracy:g}"
    training = spec.training or (MinimizeStage(minimize=MinimizeSettings()),)
    return _with(spec, network=chosen, accuracy=accuracy, training=training), (reason,)


def _plan_search(
    spec: Spec, problem: Problem, network: ProductSettings | None, climb: ClimbSettings
) -> tuple[Spec, tuple[str, ...]]:
    """Sums of products: all products of polynomials would be too many."""
    dimension = problem.box.dimension
    given = network or ProductSettings(kind="product")
    chosen = _with(given, basis=given.basis or "chebyshev")
    accuracy = spec.accuracy or NONLINEAR
    alone = linear(problem) and len(problem.equations) == 1
    if alone and "largest" not in climb.model_fields_set:
        climb = _with(climb, largest=_ALONE_LARGEST)
    reason = (
        f"{dimension} coordinates: sums of functions of one or two coordinates and of products of "
        f"all, by Gauss-Newton; degrees rise until two levels agree to {accuracy:g}"
    )
    training = (ClimbStage(climb=climb),)
    return _with(spec, network=chosen, accuracy=accuracy, training=training), (reason,)


def _by_hand(spec: Spec, problem: Problem) -> tuple[Spec, tuple[str, ...]]:
    """The rest of a file that chooses its network or its training itself."""
    network = _network(spec.network, problem)
    training = spec.training or _training(network, problem)
    reasons: list[str] = []
    if spec.network is None:
        reasons.append("network: a KAN of cubic B-splines with two hidden layers")
    sampling = _sampling(spec.sampling or Sampling(), network, problem)
    weights = spec.weights
    if not any(label != "equation" for label in weights):
        weights = {**weights, "conditions": _CONDITIONS}
        reasons.append(f"weights: the conditions count {_CONDITIONS:g} times the equation")
    filled = _with(spec, network=network, training=training, sampling=sampling, weights=weights)
    if spec.training is None:
        large = [fault.message.partition(";")[0] for fault in check_memory(filled, problem)]
        filled = _with(filled, training=_ITERATIVE) if large else filled
        names = [stage.word() for stage in filled.training or ()]
        because = [f"{training[0].word()} {need}" for need in large]
        reasons.append("; ".join([f"training: {', '.join(names)}", *because]))
    for check in (check_refinements(filled), check_memory(filled, problem)):
        faults, _ = collect_faults(check)
        if faults:
            raise SpecError(faults)
    return filled, tuple(reasons)


def _network(network: Network | None, problem: Problem) -> Network:
    ends = problem.box.dimension, len(problem.unknowns)
    match network:
        case MLPSettings():
            return _with(network, width=network.width or (ends[0], 32, 32, ends[1]))
        case ProductSettings():
            basis = network.basis or "chebyshev"
            cells = any(each.cells for each in families(basis))
            degree = network.degree or (3 if isinstance(basis, str) and cells else 12)
            return _with(
                network,
                rank=network.rank or "full",
                basis=basis,
                degree=degree,
                grid=network.grid or (16 if cells else None),
            )
        case _:
            return _kan(network or KANSettings(kind="kan"), ends)


def _kan(network: KANSettings, ends: tuple[int, int]) -> KANSettings:
    basis = network.basis or "bspline"
    cells = any(each.cells for each in families(basis))
    ridge = network.start == "ridge"
    return _with(
        network,
        width=network.width or ((ends[0], 16, ends[1]) if ridge else (ends[0], 8, 8, ends[1])),
        basis=basis,
        degree=network.degree or (3 if isinstance(basis, str) and cells else 8),
        grid=network.grid or (8 if cells else None),
        base=network.base or ("silu" if cells and not ridge else "none"),
        start=network.start or "random",
        squash=network.squash or ("none" if ridge else "tanh"),
    )


def _training(network: Network, problem: Problem) -> tuple[TrainingStage, ...]:
    """What suits a network: one linear solve where that is all it takes."""
    last_layer_alone = (isinstance(network, ProductSettings) and network.rank == "full") or (
        isinstance(network, KANSettings) and network.start == "ridge"
    )
    if last_layer_alone and linear(problem):
        return (LeastSquaresStage(least_squares=LeastSquaresSettings()),)
    if isinstance(network, ProductSettings) or last_layer_alone:
        return (GaussNewtonStage(gauss_newton=GaussNewtonSettings()),)
    return _ITERATIVE


def _sampling(sampling: Sampling, network: Network, problem: Problem) -> Sampling:
    """Points on a grid that matches a full product, else spread evenly."""
    if isinstance(network, ProductSettings) and network.rank == "full":
        dimension = problem.box.dimension
        names = _each(network.basis or "chebyshev", dimension)
        degrees, cells = _each(network.degree or 0, dimension), _each(network.grid or 0, dimension)
        counts = tuple(map(_axis, names, degrees, cells))
        own = PointSettings(method="chebyshev", points=counts)
        return Sampling(interior=_fill(sampling.interior, own), faces=_fill(sampling.faces, own))
    inside = 2048 if problem.box.dimension > 1 else 256
    return Sampling(
        interior=_fill(sampling.interior, PointSettings(method="sobol", points=inside)),
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
        return _with(given, points=2048)
    return PointSettings(method=given.method or own.method, points=given.points or own.points)


def _with(model: M, **changes: object) -> M:
    """A copy with some values replaced."""
    return model.model_copy(update=changes)
