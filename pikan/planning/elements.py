"""Where polynomials on cells are taken, and why: what is rough, does not fit or is stiff."""

from dataclasses import replace

from pikan.planning.by_hand import with_values
from pikan.problem.characteristics import characteristics, follow_characteristics
from pikan.problem.classification import equation_order, linear
from pikan.problem.features import Features, features
from pikan.problem.initial_value import is_stepped, largest_rate, space_axis
from pikan.problem.statement import Problem
from pikan.problem.wellposed.corners import jumps
from pikan.spec.networks import ProductSettings
from pikan.spec.schema import Spec
from pikan.spec.stages.elements import ElementsSettings, ElementsStage

# The accuracy aimed at on cells where none is asked: in one coordinate, and by steps.
_ON_CELLS, _NONLINEAR_ON_CELLS, _BY_STEPS_ALONE, _BY_STEPS = 1e-10, 1e-9, 1e-8, 1e-6
# In the plane, and where conditions do not fit together in its corners.
_IN_PLANE, _IN_CORNERS = 1e-8, 1e-5
# Unknowns that change by so many times themselves in all the time, at their first rate, are stiff.
_STIFF = 100.0


def plan_elements(
    spec: Spec, problem: Problem, network: ProductSettings | None, elements: ElementsSettings
) -> tuple[Spec, tuple[str, ...]]:
    """The spec of a solution on cells, completed, and the reason."""
    accuracy = elements.accuracy or spec.accuracy or accuracy_on_cells(problem)
    chosen = with_values(network or ProductSettings(kind="product"), rank="full")
    rough = _roughness(problem, _known_features(problem))
    if follows_characteristics(problem):
        reason = (
            f"{rough}polynomials on cells between characteristics, solved one after the other; "
            f"cells are halved until two degrees agree to {accuracy:g}"
        )
    elif is_stepped(problem) or problem.box.dimension > 2:
        how = "time steps with Radau stages"
        if problem.box.dimension > 2:
            how += ", products of polynomials on cells that go with the solution"
        elif problem.box.dimension > 1:
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
    return with_values(spec, network=chosen, accuracy=accuracy, training=training), (reason,)


def is_rough(problem: Problem) -> bool:
    """Whether known functions are narrow, jump or bend."""
    found = _known_features(problem)
    return bool(found.narrow or found.places or not found.smooth)


def misfits(problem: Problem) -> list[str]:
    """What jumps where faces meet; in nonlinear problems splines on fine knots bear slopes."""
    values = tuple(f"{name} jumps" for name in problem.unknowns)
    return [one for one in jumps(problem) if linear(problem) or one.startswith(values)]


def has_diffusion(problem: Problem) -> bool:
    """Whether what jumps or bends dies out where it is: transport alone would move it."""
    space, time = space_axis(problem), problem.box.axis("t")
    return space is None or not any(
        equation_order(problem, k, time) and equation_order(problem, k, space) == 1
        for k in range(len(problem.unknowns))
    )


def is_stiff(problem: Problem) -> bool:
    """Whether a nonlinear problem in t alone is fast at its start, for the time that it lasts."""
    (lower, *_), (upper, *_) = problem.box.lower, problem.box.upper
    alone = problem.box.dimension == 1 and not linear(problem)
    return alone and not (upper - lower) * largest_rate(problem) < _STIFF


def _known_features(problem: Problem) -> Features:
    """What the equations and conditions tell; a known solution is there to compare with alone."""
    return features(replace(problem, exact=None))


def follows_characteristics(problem: Problem) -> bool:
    """Whether all that jumps or bends moves along characteristics."""
    # Most problems have no characteristics, which is found out sooner than features are.
    has_some = characteristics(problem) is not None
    return has_some and follow_characteristics(problem, _known_features(problem))


def accuracy_on_cells(problem: Problem) -> float:
    """The accuracy aimed at on cells where a file asks for none."""
    stepped = is_stepped(problem) or problem.box.dimension > 2
    if stepped and not follows_characteristics(problem):
        return _BY_STEPS_ALONE if problem.box.dimension == 1 else _BY_STEPS
    if problem.box.dimension > 1 and problem.box.time is None:
        return _IN_CORNERS if misfits(problem) else _IN_PLANE
    return _ON_CELLS if linear(problem) else _NONLINEAR_ON_CELLS


def _roughness(problem: Problem, found: Features) -> str:
    """The first thing in the known functions that one polynomial would not resolve."""
    for one in found.narrow:
        return f"'{one.formula}' varies within {one.width:.1e} at {one.place}: "
    for one in found.places:
        verb = "jumps" if one.kind == "jump" else "has a kink"
        return f"'{one.formula}' {verb} at {problem.coordinates[one.axis]} = {one.value:.6g}: "
    for jump in misfits(problem):
        return f"{jump.partition(';')[0]}: "
    return ""
