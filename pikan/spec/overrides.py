"""Overrides such as `training.0.adam.steps=10` of values in the tree of a problem file."""

from collections.abc import Iterator, Mapping, Sequence

from pikan.expression.wording import did_you_mean, there_are
from pikan.spec.faults import Check, Fault, Place
from pikan.spec.tree import Node, check_key, compose

FLAG = "--set"
KEYWORD = "the keyword"


def apply_overrides(root: Node, changes: Mapping[str, str], word: str) -> Check[Node]:
    """The tree after all changes, in their order; `word` is what their faults call them."""
    for dotted, text in changes.items():
        place = Place(f"{word} {dotted}={text}", 0, dotted)
        unusable = tuple(unusable_keys(dotted, place))
        yield from unusable
        value = None if unusable else (yield from compose(text or "''", place))
        if value is None:
            continue
        section, _, name = dotted.partition(".")
        written = root.value.get(section) if isinstance(root.value, Mapping) else None
        known = written.value if written and isinstance(written.value, Mapping) else {}
        if section == "constants" and name and name not in known:
            # No formula would ask for it.
            message = f"the file has no constant '{name}'; {there_are('constant', known)}"
            yield Fault(place, message + did_you_mean(name, known))
        root = yield from put(root, dotted, value)
    return root


def unusable_keys(dotted: str, place: Place) -> Iterator[Fault]:
    """What is wrong with the parts of a dotted key."""
    for key in dotted.split("."):
        yield from check_key(key, place)


def put(root: Node, dotted: str, value: Node) -> Check[Node]:
    """The tree with a value under a dotted key; its faults are at the place of the value."""
    return (yield from _set(root, dotted.split("."), value, value.place))


def _set(node: Node | None, keys: Sequence[str], value: Node, place: Place) -> Check[Node]:
    """The node with the value at the end of the way; mappings on the way are made if missing."""
    if not keys:
        return value
    key, *rest = keys
    match node.value if node is not None else {}:
        case tuple(items):
            index = int(key) if key.isascii() and key.isdigit() and len(key) < 9 else len(items)
            if index >= len(items):
                numbers = f"0 to {len(items) - 1}" if items else "no entry"
                yield Fault(place, f"'{key}' is no entry of the list there, which has {numbers}")
                return Node(items, place) if node is None else node
            new = yield from _set(items[index], rest, value, place)
            return Node((*items[:index], new, *items[index + 1 :]), _place(node, place))
        case Mapping() as entries:
            new = yield from _set(entries.get(key), rest, value, place)
            return Node({**entries, key: new}, _place(node, place))
        case _:
            entry = yield from _set(None, rest, value, place)
            return Node({key: entry}, place)


def _place(node: Node | None, place: Place) -> Place:
    return place if node is None else node.place
