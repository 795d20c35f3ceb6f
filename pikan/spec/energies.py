"""The energy of a spec: densities of first derivatives, conditions on values, bounds."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pikan.expression.error import FormulaError
from pikan.expression.tree import Expression
from pikan.geometry.domain import BoundaryPart
from pikan.geometry.face import Face
from pikan.problem.partials import normals, partials
from pikan.problem.statement import Condition, Energy, Equation, Obstacle
from pikan.problem.variational import (
    complementarity,
    euler_lagrange,
    given_value,
    natural_conditions,
)
from pikan.spec.boundaries import BoundaryError, faces, normalize, region_parts
from pikan.spec.faults import Check, Fault, Keys
from pikan.spec.networks import ProductSettings
from pikan.spec.resolve import Scope, expression, given_formula
from pikan.spec.schema import Repeats, Spec
from pikan.spec.stages.adam import AdamStage
from pikan.spec.stages.lbfgs import LBFGSStage
from pikan.spec.stages.ssbroyden import SSBroydenStage

# Minimized are integrals over boxes of so many coordinates.
_MOST = 2


def descends(spec: Spec) -> bool:
    """Whether stages of the file go down along an energy, on a network that is no product."""
    stages = spec.training or ()
    down = any(isinstance(one, AdamStage | LBFGSStage | SSBroydenStage) for one in stages)
    on_box = spec.energy is not None and spec.region is None
    return down and on_box and not isinstance(spec.network, ProductSettings)


def energy(spec: Spec, scope: Scope) -> Check[Energy | None]:
    """The energy without its conditions; None where there is none, or where it is at fault."""
    if spec.energy is None:
        for key in ("energies", "constraints"):
            if getattr(spec, key):
                message = "there is no energy that this belongs to; write energy: 0.5*u_x^2 - f*u"
                yield spec.origin.fault((key,), message)
        return None
    yield from _beside(spec, scope)
    if scope.box.time is not None or scope.box.dimension > _MOST:
        message = "an energy is minimized over one or two coordinates, none of them t; leave it out"
        yield spec.origin.fault(("energy",), message)
        return None
    density = yield from _density(spec, scope, ("energy",), spec.energy, slopes=True)
    on_faces = yield from _on_faces(spec, scope)
    obstacles = yield from _obstacles(spec, scope)
    return None if density is None else Energy(density, on_faces, obstacles, 0)


def _beside(spec: Spec, scope: Scope) -> Iterator[Fault]:
    """What does not go with an energy."""
    for key in ("equations", "find", "discover", "data", "parameters"):
        if getattr(spec, key):
            message = "an energy is minimized instead, which gives the equations; leave it out"
            yield spec.origin.fault((key,), message)
    if spec.constraints and scope.region is not None:
        message = "bounds are touched in a box only; leave out the region, or these"
        yield spec.origin.fault(("constraints",), message)
    if spec.constraints and descends(spec):
        message = "bounds go with products, whose coefficients are values; leave out training"
        yield spec.origin.fault(("constraints",), message)
    if any(isinstance(one, Repeats) for one in spec.conditions):
        message = "an energy takes no periodic coordinates; write its equations instead"
        yield spec.origin.fault(("conditions",), message)


def _on_faces(spec: Spec, scope: Scope) -> Check[tuple[Condition, ...]]:
    """The densities on faces, each with the words for these."""
    found: list[Condition] = []
    for index, written in enumerate(spec.energies):
        keys: Keys = ("energies", index)
        words = (written.over,) if isinstance(written.over, str) else written.over
        density = yield from _density(spec, scope, (*keys, "of"), written.of, slopes=False)
        try:
            places = [face for word in words for face in _parts(word, scope)]
        except (BoundaryError, FormulaError) as error:
            yield spec.origin.fault((*keys, "over"), str(error))
            continue
        if density is not None:
            found.append(Condition(" and ".join(map(normalize, words)), tuple(places), density))
    return tuple(found)


def _parts(word: str, scope: Scope) -> tuple[BoundaryPart, ...]:
    if scope.region is None:
        return faces(word, scope.box, scope.constants)
    return region_parts(word, scope.box, scope.region, scope.constants)


def _density(
    spec: Spec, scope: Scope, keys: Keys, text: str, *, slopes: bool
) -> Check[Expression | None]:
    try:
        found = expression(text, scope)
    except FormulaError as error:
        yield from spec.origin.faults(keys, error.messages)
        return None
    highest = max((sum(one.orders) for one in partials(scope, found).values()), default=-1)
    if highest < 0 or normals(scope, found):
        message = f"'{text}' needs to be a formula of unknowns, such as 0.5*u_x^2 - u"
        yield spec.origin.fault(keys, message)
        return None
    if highest > slopes:
        kind = "first derivatives" if slopes else "values, and no derivatives"
        yield spec.origin.fault(keys, f"'{text}' may hold {kind} of the unknowns; rewrite it so")
        return None
    if slopes and highest == 0:
        message = f"'{text}' holds no derivative, so that nothing smooth is a minimum; write one"
        yield spec.origin.fault(keys, message)
        return None
    return found


def _obstacles(spec: Spec, scope: Scope) -> Check[tuple[Obstacle, ...]]:
    found: list[Obstacle] = []
    for index, text in enumerate(spec.constraints):
        keys: Keys = ("constraints", index)
        sign = ">=" if ">=" in text else "<="
        left, _, right = (part.strip() for part in text.partition(sign))
        if left not in scope.unknowns or not right:
            example = f"{scope.unknowns[0]} >= 1 - {scope.coordinates[0]}^2"
            yield spec.origin.fault(keys, f"got '{text}', needs a bound such as '{example}'")
            continue
        try:
            bound = given_formula(right, scope, scope.coordinates)
        except FormulaError as error:
            yield from spec.origin.faults(keys, error.messages)
            continue
        found.append(Obstacle(scope.unknowns.index(left), bound, above=sign == "<="))
    if len({(one.unknown, one.above) for one in found}) < len(found):
        message = "an unknown has two bounds on one side; write one with maximum or minimum"
        yield spec.origin.fault(("constraints",), message)
    return tuple(found)


def variational_equations(scope: Scope, found: Energy | None) -> tuple[Equation, ...]:
    """The Euler-Lagrange equations of an energy, and their complementarity to bounds."""
    if found is None:
        return ()
    return complementarity(scope, euler_lagrange(scope, found.density), found.obstacles)


def with_conditions(
    spec: Spec, scope: Scope, found: Energy, given: Sequence[Condition]
) -> Check[tuple[Energy, tuple[Condition, ...]]]:
    """The energy with its conditions: those given, which are of values, and those that follow."""
    for index, one in enumerate(given):
        whole = all(len(f.fixed) == 1 if isinstance(f, Face) else not f.only for f in one.faces)
        if given_value(scope, one.residual) is None or not whole:
            message = (
                "an energy takes conditions on the values of one unknown on whole faces, as u = 0; "
                "those on derivatives follow from it, or from energies on faces"
            )
            yield spec.origin.fault(("conditions", index, "that"), message)
    parts = scope.box.boundary() if scope.region is None else scope.region.parts
    natural = natural_conditions(scope, scope.box, parts, found, given)
    return replace(found, essential=len(given)), (*given, *natural)
