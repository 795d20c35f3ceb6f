"""Identifiers: names of coordinates, unknowns and constants, each with one meaning."""

import re
from keyword import iskeyword

from pikan.expression.functions import CALLABLE, CONSTANTS
from pikan.problem.partials import NORMAL, subscripts
from pikan.spec.faults import Check, Keys
from pikan.spec.schema import Spec
from pikan.spec.unknown_functions import signature

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,31}")


def check_names(spec: Spec) -> Check[None]:
    """Every name can stand in a formula, and none has two meanings."""
    # The names of a region's coordinates are its own; those of a domain are its keys.
    of_region = (spec.coordinates or ()) if spec.region is not None else ()
    named: list[tuple[str, str, Keys]] = [
        *((name, "coordinate", ("domain", name)) for name in spec.domain),
        *((name, "coordinate", ("coordinates",)) for name in of_region),
        *((name, "constant", ("constants", name)) for name in spec.constants),
        *(
            (name, "function" if arguments else "constant", ("find", key))
            for key, (name, arguments) in ((key, signature(key)) for key in spec.find)
        ),
        *((name, "parameter", ("parameters", name)) for name in spec.parameters),
        *((name, "unknown", ("unknowns", index)) for index, name in enumerate(spec.unknowns)),
    ]
    meanings: dict[str, str] = {}
    for name, role, keys in named:
        if name in meanings:
            kind = meanings[name] if meanings[name] != role else f"another {role}"
            yield spec.origin.fault(keys, f"'{name}' already names {kind}; choose another name")
        elif (fault := _unusable(name, role)) is not None:
            yield spec.origin.fault(keys, fault)
        meanings.setdefault(name, f"{'an' if role == 'unknown' else 'a'} {role}")
    for name in spec.domain:
        others = tuple(other for other in spec.domain if other != name)
        axes = subscripts(name, others) if name else None
        if axes is not None:
            parts = " and ".join(others[axis] for axis in axes)
            message = f"a derivative by '{name}' reads as one by {parts} too; choose another name"
            yield spec.origin.fault(("domain", name), message)


def _unusable(name: str, role: str) -> str | None:
    if name in CONSTANTS:
        return f"'{name}' is the number {CONSTANTS[name]:.6g} in formulas; choose another name"
    if name in CALLABLE:
        return f"'{name}' is a function in formulas; choose another name"
    if iskeyword(name):
        return f"'{name}' cannot stand in a formula; choose another name, such as '{name[:3]}1'"
    if not _NAME.fullmatch(name):
        return f"got '{name}', needs a letter, then letters and digits: at most 32, no underscore"
    if role == "coordinate" and name == NORMAL:
        return f"'{NORMAL}' marks the outward normal derivative, as in u_n; choose another name"
    return None
