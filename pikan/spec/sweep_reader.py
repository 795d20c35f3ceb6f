"""The tree of a sweep file to a checked `Sweep`."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import NamedTuple

from pydantic import ValidationError

from pikan.expression.wording import closest
from pikan.spec.constants import Constants
from pikan.spec.faults import Check, Keys, Origin
from pikan.spec.messages import explain
from pikan.spec.sweep import Sweep
from pikan.spec.tree import Node, plain
from pikan.spec.values import ValidationContext

BASES = frozenset({"problem", "function"})
"""The keys of a sweep file that say what is changed."""
CHANGES = frozenset({"settings", "crossed", "zipped", "listed"})
"""The keys under which it is said how."""


class SweepStatement(NamedTuple):
    """What a sweep file says apart from its faulty values, which are not in the tree either.

    `doubtful` are its keys of which nobody knows all that they were to say.
    """

    sweep: Sweep
    root: Node
    doubtful: AbstractSet[str]


def read_statement(root: Node, origin: Origin) -> Check[SweepStatement]:
    """What a sweep file says; faulty values are left out, so that the others can be checked."""
    reading = ValidationContext(origin, Constants({}))
    try:
        return SweepStatement(Sweep.model_validate(plain(root), context=reading), root, frozenset())
    except ValidationError as error:
        findings = list(explain(error, Sweep))
    for finding in findings:
        yield origin.fault(finding.keys, finding.message)
    # One change of several goes for a fault, anything else as a whole.
    faulty = {one.keys[: 2 if one.keys[0] in CHANGES else 1] for one in findings}
    rest = _without(root, faulty)
    sweep = Sweep.model_validate(plain(rest), context=reading)
    doubtful = set[str]()
    for finding in findings:
        top = str(finding.keys[0])
        if not finding.foreign or len(finding.keys) > 1:
            doubtful.add(top)
        else:
            # A misspelt key may have been any of the runs'.
            near = closest(top, Sweep.model_fields)
            doubtful |= BASES | CHANGES if near is None else {near}
    return SweepStatement(sweep, rest, frozenset(doubtful))


def _without(node: Node, faulty: AbstractSet[Keys], way: Keys = ()) -> Node:
    """The tree without the values at these ways from its top."""
    match node.value:
        case tuple(items):
            entries = ((_without(n, faulty, (*way, i)), (*way, i)) for i, n in enumerate(items))
            return replace(node, value=tuple(n for n, keys in entries if keys not in faulty))
        case Mapping() as entries:
            kept = {key: n for key, n in entries.items() if (*way, key) not in faulty}
            inner = {key: _without(n, faulty, (*way, key)) for key, n in kept.items()}
            return replace(node, value=inner)
        case _:
            return node
