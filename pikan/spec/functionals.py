"""The numbers wanted of the solution of a spec: formulas over places that exist, or at points."""

import math

import numpy as np

from pikan.expression.error import FormulaError
from pikan.expression.wording import word_list
from pikan.geometry.domain import BoundaryPart, Domain
from pikan.geometry.face import Face
from pikan.problem.partials import normal_components, normals
from pikan.problem.statement import Condition, Functional
from pikan.spec.boundaries import BoundaryError, faces, normalize, region_parts
from pikan.spec.faults import Check, Keys
from pikan.spec.functional_settings import FunctionalSettings
from pikan.spec.interfaces import is_two_sided, named_interfaces, two_sided
from pikan.spec.resolve import Scope, expression
from pikan.spec.schema import Spec

# Words for all of a domain.
_WHOLE = ("region", "domain")


def functionals(spec: Spec, scope: Scope) -> Check[tuple[Functional, ...]]:
    """Those that can be read."""
    found: list[Functional] = []
    for name, written in spec.quantities.items():
        one = yield from _functional(spec, scope, name, written)
        found += [] if one is None else [one]
    return tuple(found)


def _functional(
    spec: Spec, scope: Scope, name: str, written: FunctionalSettings
) -> Check[Functional | None]:
    keys: Keys = ("quantities", name)
    if written.integral is not None:
        kind, text = "integral", written.integral
    elif written.maximum is not None:
        kind, text = "maximum", written.maximum
    elif written.minimum is not None:
        kind, text = "minimum", written.minimum
    else:
        assert written.value is not None
        kind, text = "value", written.value
    try:
        formula = (two_sided if is_two_sided(text) else expression)(text, scope)
    except FormulaError as error:
        yield from spec.origin.faults((*keys, kind), error.messages)
        formula = None
    try:
        words, places = _places(written, scope, two_sided=is_two_sided(text))
    except (BoundaryError, FormulaError) as error:
        messages = error.messages if isinstance(error, FormulaError) else (str(error),)
        key = "at" if written.at is not None else "over"
        yield from spec.origin.faults((*keys, key), messages)
        return None
    if formula is None:
        return None
    outward = [*normals(scope, formula), *sorted(normal_components(scope, formula))]
    # A normal is needed which some place has not.
    if outward and any(isinstance(one, Face) and one.normal(scope.box) is None for one in places):
        message = (
            f"'{outward[0]}' in '{text}' has a meaning only on the boundary; write over: boundary"
        )
        yield spec.origin.fault((*keys, kind), message)
        return None
    return Functional(name, kind, Condition(words, places, formula))


def _places(
    written: FunctionalSettings, scope: Scope, *, two_sided: bool
) -> tuple[str, tuple[BoundaryPart, ...]]:
    if two_sided and written.over is None:
        raise BoundaryError("'inside' and 'outside' are sides of an interface; name it by `over`")
    if written.at is not None:
        return _point(written, scope)
    if written.over is None:
        return _WHOLE[0], (Face(()),)
    every = (written.over,) if isinstance(written.over, str) else written.over
    if two_sided:
        met = named_interfaces(every, scope)
        return " and ".join(every), tuple(dict.fromkeys(one.part for one in met))
    found: list[BoundaryPart] = []
    for word in every:
        if word.strip() in _WHOLE:
            found.append(Face(()))
        elif scope.region is None:
            found += faces(word, scope.box, scope.numbers)
        else:
            found += region_parts(word, scope.box, scope.region, scope.numbers)
    return " and ".join(map(normalize, every)), tuple(dict.fromkeys(found))


def _point(written: FunctionalSettings, scope: Scope) -> tuple[str, tuple[BoundaryPart, ...]]:
    assert written.at is not None
    if set(written.at) != set(scope.coordinates):
        given = word_list(list(written.at)) if written.at else "nothing"
        raise BoundaryError(f"got {given}, needs a number for {word_list(scope.coordinates)}")
    values = [scope.numbers.value(written.at[name]) for name in scope.coordinates]
    place = Face(tuple(enumerate(values)))
    ends = (*scope.box.lower, *scope.box.upper, *values)
    if not any(map(math.isnan, ends)):
        point, size = np.array([values]), np.subtract(scope.box.upper, scope.box.lower)
        near = np.all(
            (point >= scope.box.lower - 1e-12 * size) & (point <= scope.box.upper + 1e-12 * size)
        )
        if not near or not Domain(scope.box, scope.region).covers(point)[0]:
            raise BoundaryError(f"'{place.label(scope.box)}' lies outside; take a point inside")
    return place.label(scope.box), (place,)
