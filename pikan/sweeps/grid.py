"""The changes of every run of a sweep file: listed, zipped and crossed."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from pikan.expression.wording import word_list
from pikan.spec.faults import Check, Fault, Origin, Place
from pikan.spec.overrides import unusable_keys
from pikan.spec.tree import Node, plain
from pikan.spec.writer import flow
from pikan.sweeps.record import MEASURES

LARGEST = 10_000
"""More runs than this are a slip, not a sweep."""

Change = tuple[str, Node]
"""A dotted key and what it becomes."""


def entries(root: Node, key: str) -> Mapping[str, Node]:
    """The entries of a mapping in the tree; none where it is left out."""
    inner = root.value.get(key) if isinstance(root.value, Mapping) else None
    return inner.value if inner is not None and isinstance(inner.value, Mapping) else {}


def changes(root: Node, origin: Origin) -> Check[list[tuple[Change, ...]]]:
    """The changes of every run: those listed vary slowest, the last crossed key fastest.

    Where there are too many, those of the first one.
    """
    crossed, zipped = entries(root, "crossed"), entries(root, "zipped")
    inner = root.value.get("listed") if isinstance(root.value, Mapping) else None
    together = [
        tuple(item.value.items()) if isinstance(item.value, Mapping) else ()
        for item in (() if inner is None else _items(inner))
    ]
    in_list = {key: node for entry in together for key, node in entry}
    yield from _once(
        {
            "settings": entries(root, "settings"),
            "listed": in_list,
            "zipped": zipped,
            "crossed": crossed,
        }
    )
    lengths = {key: len(_items(node)) for key, node in zipped.items()}
    if len(set(lengths.values())) > 1:
        counts = word_list(f"{count} of {key}" for key, count in lengths.items())
        yield origin.fault(("zipped",), f"got {counts}; zipped keys need equally many values")
    axes: list[Sequence[tuple[Change, ...]]] = [together] if together else []
    if zipped:
        rows = zip(*(_items(node) for node in zipped.values()), strict=False)
        axes.append([tuple(zip(zipped, row, strict=True)) for row in rows])
    axes += [[((key, item),) for item in _items(node)] for key, node in crossed.items()]
    count = 1
    for axis in axes:
        count *= len(axis)
    if count > LARGEST:
        message = f"this asks for {count} runs, needs at most {LARGEST}; take values out"
        yield Fault(Place(origin.file, 0, ""), message)
        axes = [axis[:1] for axis in axes]
    return [tuple(itertools.chain(*chosen)) for chosen in itertools.product(*axes)]


def _items(node: Node) -> tuple[Node, ...]:
    return node.value if isinstance(node.value, tuple) else ()


def _once(ways: Mapping[str, Mapping[str, Node]]) -> Iterator[Fault]:
    """A key is changed in one way only, so that no change hides another; `name` never is."""
    seen: dict[str, str] = {}
    for where, keys in ways.items():
        for key, node in keys.items():
            yield from unusable_keys(key, node.place)
            if key in seen:
                message = f"'{key}' is changed under '{seen[key]}' as well; keep one of them"
                yield Fault(node.place, message)
            seen.setdefault(key, where)
            if key in MEASURES or key.partition(".")[0] == "name":
                yield Fault(node.place, f"'{key}' names runs or results; choose another key")


def values(run: Sequence[Change], keys: Sequence[str]) -> tuple[str, ...]:
    """The values of a run by key, as text; empty for a key that it leaves as it is."""
    given = {key: plain(node) for key, node in run}
    texts = {k: value if isinstance(value, str) else flow(value) for k, value in given.items()}
    return tuple(texts.get(key, "") for key in keys)


def check_different(table: Sequence[tuple[str, ...]], origin: Origin) -> Iterator[Fault]:
    """Something is changed, and no two runs have the same values."""
    if () in table:
        message = "nothing is changed; write 'crossed: {seed: [0, 1, 2]}', zipped or listed"
        yield Fault(Place(origin.file, 0, ""), message)
    seen: dict[tuple[str, ...], int] = {}
    for run, values in enumerate(table):
        if values in seen:
            message = f"run {run} has the values of run {seen[values]} ({', '.join(values)})"
            yield Fault(Place(origin.file, 0, ""), f"{message}; give each once")
            # The first one is enough: a value given twice repeats everything that it meets.
            return
        seen[values] = run
