"""What pikan chooses where a problem file is silent, and why, in a sentence or two each."""

from collections.abc import Mapping

from pikan.expression.wording import word_list
from pikan.planning.by_hand import plan_by_hand, with_values
from pikan.planning.elements import (
    accuracy_on_cells,
    follows_characteristics,
    has_diffusion,
    is_rough,
    is_stiff,
    misfits,
    plan_elements,
)
from pikan.planning.energies import is_minimized, plan_energy, with_built_in
from pikan.planning.identification import plan_identification
from pikan.problem.classification import is_determined, is_evolution, linear
from pikan.problem.corner_singularities import holes_of, in_words
from pikan.problem.family import affine_parameters, inner_values, member
from pikan.problem.features import features
from pikan.problem.initial_value import (
    is_first_order_from_values,
    is_first_order_in_time,
)
from pikan.problem.junctions import singular_points_of_pieces
from pikan.problem.pieces import pieces_of
from pikan.problem.separable import separate, separate_evolution
from pikan.problem.statement import Problem
from pikan.spec.memory import columns
from pikan.spec.networks import ProductSettings
from pikan.spec.schema import ROUNDING, Spec
from pikan.spec.stages.climb import ClimbSettings, ClimbStage
from pikan.spec.stages.elements import ElementsSettings, ElementsStage
from pikan.spec.stages.identify import IdentifySettings, IdentifyStage
from pikan.spec.stages.march import MarchSettings, MarchStage

# The accuracy aimed at where none is asked: what a dense solve gives, and what time-marching gives
# in about a minute.
LINEAR, NONLINEAR, MARCHED = 1e-12, 1e-10, 1e-7
# In three coordinates another digit is dear.
_LINEAR_3D, _NONLINEAR_3D = 1e-10, 1e-8
# One linear equation is often solved along one coordinate after the other, so that levels cost
# little more than their memory, and low ones nothing worth saving; all else takes dense matrices.
_ALONE_LARGEST, _ALONE_START = 40_000, 16
# The most coefficients of one unknown that one polynomial has before cells are tried.
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
_PIECES_LARGEST = 4000
# The accuracy aimed at in regions with corners.
_AT_CORNERS = 1e-9


def complete(spec: Spec, problem: Problem) -> tuple[Spec, tuple[str, ...]]:
    """The spec with everything filled in that the file leaves out, and the reasons.

    SpecError where a refinement asks for less than what it starts from.
    """
    if problem.parameters:
        return _plan_family(spec, problem)
    if problem.energy is not None and is_minimized(spec):
        return plan_energy(spec, problem)
    spec = with_built_in(spec)
    match spec.network, spec.training:
        case ((ProductSettings() | None as network), None) if problem.inverse:
            return plan_identification(spec, problem, network, IdentifySettings())
        case ((ProductSettings() | None as network), (IdentifyStage() as stage,)):
            return plan_identification(spec, problem, network, stage.identify)
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
            return with_values(completed, training=(*completed.training, cells)), reasons
        case ((ProductSettings() | None as network), (ElementsStage() as stage,)):
            return plan_elements(spec, problem, network, stage.elements)
        case ((ProductSettings() | None as network), (MarchStage() as stage,)):
            return _plan_time_marching(spec, problem, network, stage.march)
        case _:
            return plan_by_hand(spec, problem)


def member_spec(spec: Spec, values: Mapping[str, float]) -> Spec:
    """The spec of one member of a family: its parameters are constants."""
    numbers = {name: values[name] for name in spec.parameters}
    accuracy = None if spec.accuracy is None else max(_OF_MEMBERS * spec.accuracy, ROUNDING)
    constants = {**spec.constants, **numbers}
    return with_values(spec, parameters={}, constants=constants, accuracy=accuracy)


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
    return with_values(completed, network=with_values(network, degree=start))


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
    return with_values(spec, accuracy=accuracy), (
        reason,
        *(f"at {shown}: {one}" for one in reasons),
    )


def _automatic(spec: Spec, problem: Problem) -> tuple[Spec, tuple[str, ...]]:
    """A network and a schedule from the equation alone."""
    if problem.region is not None:
        return _plan_p_refinement(spec, problem, None, ClimbSettings())
    if problem.box.dimension > _FULL:
        return _plan_search(spec, problem, None, ClimbSettings())
    if (
        is_first_order_in_time(problem)
        and has_diffusion(problem)
        and (is_rough(problem) or misfits(problem) or is_stiff(problem))
    ):
        return plan_elements(spec, problem, None, ElementsSettings())
    if follows_characteristics(problem) and (is_rough(problem) or misfits(problem)):
        return plan_elements(spec, problem, None, ElementsSettings())
    apart = separate(problem) or separate_evolution(problem)
    if apart is not None and (is_rough(problem) or misfits(problem)):
        return plan_elements(spec, problem, None, ElementsSettings())
    if is_determined(problem) and (linear(problem) or not is_evolution(problem)):
        return _plan_one_coordinate(spec, problem)
    followed = linear(problem) and follows_characteristics(problem)
    if followed or (linear(problem) and is_first_order_in_time(problem) and has_diffusion(problem)):
        completed, (reason,) = _plan_p_refinement(spec, problem, None, ClimbSettings())
        assert completed.training is not None
        aim = None if spec.accuracy else accuracy_on_cells(problem)
        cells = ElementsStage(elements=ElementsSettings(accuracy=aim))
        cells_of = (
            "cells between characteristics" if followed else "time steps with Radau stages on cells"
        )
        reason += f"; where that does not do, {cells_of}"
        return with_values(completed, training=(*completed.training, cells)), (reason,)
    if _is_marched_in_plane(problem):
        return _plan_time_marching(spec, problem, None, MarchSettings())
    # Else time-marching costs as much per slab as all of p-refinement in two coordinates of space.
    if (
        problem.box.dimension < _FULL
        and is_evolution(problem)
        and (not linear(problem) or _narrow_in_time(problem))
    ):
        return _plan_time_marching(spec, problem, None, MarchSettings())
    return _plan_p_refinement(spec, problem, None, ClimbSettings())


def _is_marched_in_plane(problem: Problem) -> bool:
    """Whether slabs in t with two coordinates of space are solved by Newton-Krylov methods.

    One linear equation is solved along one coordinate after the other, all of t at once.
    """
    alone = linear(problem) and len(problem.equations) == 1
    return len(problem.box.space) == 2 and not alone and is_first_order_from_values(problem)


def _narrow_in_time(problem: Problem) -> bool:
    """Whether known functions vary, jump or bend where polynomials in all of t would not do."""
    axis = problem.box.evolution
    found = features(problem)
    return len(found.edges[axis]) > 2 or any(one.axis == axis for one in found.places)


def _plan_one_coordinate(spec: Spec, problem: Problem) -> tuple[Spec, tuple[str, ...]]:
    """Cells where known functions are narrow, jump or bend, or where one polynomial fails."""
    if is_rough(problem):
        return plan_elements(spec, problem, None, ElementsSettings())
    one = _ONE_POLYNOMIAL if linear(problem) else _ONE_NONLINEAR
    climb = ClimbSettings(largest=one * len(problem.unknowns))
    completed, (reason,) = _plan_p_refinement(spec, problem, None, climb)
    assert completed.training is not None
    aim = None if spec.accuracy else accuracy_on_cells(problem)
    cells = ElementsStage(elements=ElementsSettings(accuracy=aim))
    reason += f"; where degree {one} does not do, polynomials on cells that are halved"
    return with_values(completed, training=(*completed.training, cells)), (reason,)


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
            climb = with_values(climb, largest=_ALONE_LARGEST)
    largest = min(climb.largest, columns(spec))
    while start > 1 and (start + 1) ** dimension > largest:
        start //= 2
    given = network or ProductSettings(kind="product")
    chosen = with_values(
        given, rank="full", basis=given.basis or "chebyshev", degree=given.degree or start
    )
    training = (ClimbStage(climb=climb),)
    how = "solved directly" if kind == "linear" else "by Gauss-Newton"
    bases = [chosen.basis] if isinstance(chosen.basis, str) else chosen.basis or ()
    names = word_list([name.capitalize() for name in dict.fromkeys(bases)])
    reason = (
        f"{kind} in {dimension} coordinate{'s' * (dimension > 1)}: all products of "
        f"{names} polynomials, {how}; degrees rise until two levels "
        f"agree to {accuracy:g}"
    )
    return with_values(spec, network=chosen, accuracy=accuracy, training=training), (reason,)


def _plan_region(
    spec: Spec, problem: Problem, network: ProductSettings | None, climb: ClimbSettings
) -> tuple[Spec, tuple[str, ...]]:
    """Polynomials of one total degree on a box around the region, on points of it alone."""
    dimension = problem.box.dimension
    kind = "linear" if linear(problem) else "nonlinear"
    plain, solid = (LINEAR, _LINEAR_3D) if kind == "linear" else (NONLINEAR, _NONLINEAR_3D)
    corners, about = (), ()
    if spec.singular != "none":
        each = singular_points_of_pieces(problem)
        corners = tuple(one for own in each for one in own)
        about = tuple(one for part in pieces_of(problem) for one in holes_of(part))
    plain = _AT_CORNERS if corners or (about and kind == "linear") else plain
    accuracy = spec.accuracy or (plain if dimension < _FULL else solid)
    given = network or ProductSettings(kind="product")
    start = _REGION_START.get(dimension, _REGION_START[_FULL])
    chosen = with_values(
        given, rank="full", basis=given.basis or "chebyshev", degree=given.degree or start
    )
    if "largest" not in climb.model_fields_set:
        several = len(problem.unknowns) * (len(problem.pieces) or 1)
        climb = with_values(climb, largest=min(_REGION_LARGEST * several, _PIECES_LARGEST))
    how = "least squares" if kind == "linear" else "Gauss-Newton"
    reason = (
        f"{kind} in a region: polynomials of one total degree on a box around it, on points inside "
        f"and on its boundary, by {how}; degrees rise until two levels agree to {accuracy:g}"
    )
    if problem.pieces:
        reason = (
            f"{kind} in {len(problem.pieces)} pieces of a region: polynomials of a total degree on "
            f"a box around each, joined by conditions on interfaces, by {how}; degrees rise until "
            f"two levels agree to {accuracy:g}"
        )
    found = in_words(corners, problem.coordinates)
    found += [one.words(problem.coordinates) for one in about]
    if found:
        reason += f"; where polynomials alone do not do, with {'; '.join(found)}"
    training = (ClimbStage(climb=climb),)
    return with_values(spec, network=chosen, accuracy=accuracy, training=training), (reason,)


def _plan_time_marching(
    spec: Spec, problem: Problem, network: ProductSettings | None, march: MarchSettings
) -> tuple[Spec, tuple[str, ...]]:
    space = problem.box.dimension - 1
    bases = ["bspline" if space == 1 else "chebyshev"] * (space + 1)
    bases[problem.box.evolution] = "chebyshev"
    accuracy = spec.accuracy or (_NONLINEAR_3D if space == 2 else MARCHED)
    chosen = with_values(
        network or ProductSettings(kind="product"), rank="full", basis=tuple(bases)
    )
    training = (MarchStage(march=march),)
    basis = "adaptive B-splines" if space == 1 else "polynomials"
    how = "Gauss-Newton"
    if space == 2 and is_first_order_from_values(problem):
        how = "Radau points, Newton's method and GMRES"
    names = [problem.coordinates[axis] for axis in problem.box.space]
    reason = (
        f"{'linear' if linear(problem) else 'nonlinear'} evolution problem: {basis} in "
        f"{word_list(names)}, time-marching, {how}; a finer second march must agree to "
        f"{accuracy:g}"
    )
    return with_values(spec, network=chosen, accuracy=accuracy, training=training), (reason,)


def _plan_search(
    spec: Spec, problem: Problem, network: ProductSettings | None, climb: ClimbSettings
) -> tuple[Spec, tuple[str, ...]]:
    """Sparse polynomials and sums of products: all products of polynomials would be too many."""
    dimension = problem.box.dimension
    given = network or ProductSettings(kind="product")
    chosen = with_values(given, basis=given.basis or "chebyshev")
    accuracy = spec.accuracy or NONLINEAR
    alone = linear(problem) and len(problem.equations) == 1
    if alone and "largest" not in climb.model_fields_set:
        climb = with_values(climb, largest=_ALONE_LARGEST)
    reason = (
        f"{dimension} coordinates: sparse polynomials, then sums of products of free functions, by "
        f"Gauss-Newton; degrees rise until two levels agree to {accuracy:g}"
    )
    training = (ClimbStage(climb=climb),)
    return with_values(spec, network=chosen, accuracy=accuracy, training=training), (reason,)
