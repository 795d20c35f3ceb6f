"""Error recovery: a tree without its faulty values, so that the rest can be checked."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from pikan.spec.faults import Keys
from pikan.spec.messages import ValueFault
from pikan.spec.tree import Node

_STAND_INS: Mapping[str, object] = {
    "domain": {"x": (0, 1)},
    "region": {"disc": {"center": (0, 0), "radius": 1}},
    "unknowns": ("u",),
    "equations": (),
    "conditions": (),
}


def names_known(findings: Sequence[ValueFault]) -> bool:
    """Whether the names of coordinates, unknowns and constants are beyond doubt."""
    doubtful = [("domain",), ("constants",)]
    shapes = ("unknowns", "region", "without", "within", "coordinates")
    return not any((one.keys and one.keys[0] in shapes) or one.keys in doubtful for one in findings)


def recover(root: Node, findings: Sequence[ValueFault]) -> Node:
    """The tree with each faulty value taken out, or a harmless one in its stead.

    Names stay: a faulty bound or constant becomes another. A faulty equation or condition goes as
    a whole; the others keep their places.
    """
    for finding in findings:
        if finding.foreign and finding.keys:
            root = _remove(root, finding.keys)
    faulty = [one.keys for one in findings if one.keys and not one.foreign]
    if not isinstance(root.value, Mapping):
        return root
    entries = dict(root.value)
    for top in dict.fromkeys(str(keys[0]) for keys in faulty):
        inner = [keys[1:] for keys in faulty if keys[0] == top]
        whole = () in inner or top not in entries
        rest = None if whole else _without(top, entries[top], {keys[0] for keys in inner})
        if rest is not None:
            entries[top] = rest
        elif top in _STAND_INS:
            beside = entries.get(top, replace(root, place=replace(root.place, key=top)))
            entries[top] = _node(_STAND_INS[top], beside)
        else:
            entries.pop(top, None)
    return replace(root, value=entries)


def _remove(node: Node, keys: Keys) -> Node:
    """The node without the one entry at the end of the way."""
    first, *rest = keys
    match node.value:
        case Mapping() as entries:
            kept = {key: n for key, n in entries.items() if rest or key != first}
            inner = {k: _remove(n, tuple(rest)) if k == first else n for k, n in kept.items()}
            return replace(node, value=inner)
        case tuple(items):
            below = (_remove(n, tuple(rest)) if i == first else n for i, n in enumerate(items))
            return replace(node, value=tuple(below))
        case _:
            return node


def _without(top: str, node: Node, faulty: AbstractSet[str | int]) -> Node | None:
    """What remains of a part of the file; None where nothing does, or only a stand-in will do."""
    match top, node.value:
        case "domain", Mapping() as entries:
            kept = {k: _node((0, 1), n) if k in faulty else n for k, n in entries.items()}
        case "constants", Mapping() as entries:
            kept = {k: _node(1, n) if k in faulty else n for k, n in entries.items()}
        case "equations" | "conditions" | "training", tuple(items):
            remaining = tuple(n for i, n in enumerate(items) if i not in faulty)
            return replace(node, value=remaining) if remaining or top != "training" else None
        case "exact" | "weights" | "network" | "sampling", Mapping() as entries:
            kept = {k: n for k, n in entries.items() if k not in faulty}
        case _:
            return None
    return replace(node, value=kept) if kept else None


def _node(value: object, beside: Node) -> Node:
    """A stand-in as a tree, at the place of another."""
    match value:
        case tuple(items):
            return Node(tuple(_node(item, beside) for item in items), beside.place)
        case Mapping() as entries:
            inner = {str(key): _node(entry, beside) for key, entry in entries.items()}
            return Node(inner, beside.place)
        case number:
            return Node(number if isinstance(number, int | str) else None, beside.place)
