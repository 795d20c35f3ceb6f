"""A spec to YAML that a person likes to read, and that reads back to an equal spec."""

import json
import re
from collections.abc import Iterator, Mapping

import numpy as np
import yaml

from pikan.expression.tree import number_text
from pikan.spec.schema import Spec
from pikan.spec.tree import scalar

WIDTH = 100
_LISTS = ("equations", "conditions", "data", "training")
_PLAIN = re.compile(r"(?:[\w(+.]|-(?=[\w(.]))(?:[^\S\n]?[\w()^*+/.=<>;!?%\"'&|-])*", re.ASCII)
_PLAIN_LINE = re.compile(_PLAIN.pattern.replace("/.=", "/.=,"), re.ASCII)


def dump(spec: Spec) -> str:
    """The spec as a problem file, in the order of the schema; what is chosen later is left out.

    >>> beam = {"domain": {"x": (0, 1)}, "unknowns": ("u",), "equations": ("u_xxxx = -1",)}
    >>> print(dump(Spec.model_validate({**beam, "conditions": ({"periodic": "x"},)})), end="")
    name: problem
    domain: {x: [0, 1]}
    unknowns: [u]
    equations:
      - u_xxxx = -1
    conditions:
      - {periodic: x}
    seed: 0
    dtype: float64
    device: cpu
    """
    written: Mapping[str, object] = spec.model_dump(exclude_none=True, by_alias=True)
    # A file without conditions says so.
    empty = ("", {}, ())
    kept = {k: value for k, value in written.items() if value not in empty or k == "conditions"}
    return "".join(f"{line}\n" for key, value in kept.items() for line in _entry(key, value))


def inline(value: object) -> str:
    """A value of Python as YAML on one line: numbers, text, mappings and lists, NumPy's too.

    >>> inline({"x": (0, 1), "equations": ["u_x = 0"]}), inline(1e-8), inline("2 GB")
    ('{"x": [0, 1], "equations": ["u_x = 0"]}', '1e-08', '2 GB')
    """
    if isinstance(value, str):
        return value
    return json.dumps(value, default=_plain_value, ensure_ascii=False)


def _plain_value(value: object) -> object:
    """What JSON does not know: arrays and numbers of NumPy, paths, tuples of them."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return str(value)


def _entry(key: str, value: object) -> Iterator[str]:
    """The lines of one key of the file: one line where that is short enough."""
    head = f"{_text(key, flow=True)}:"
    match value:
        case tuple(items) if items and key in _LISTS:
            yield head
            for item in items:
                yield from _item(item)
        case tuple() | Mapping():
            yield from _short_or_long(head, value, "")
        case text:
            yield f"{head} {_scalar(text, flow=False)}"


def _item(item: object) -> Iterator[str]:
    """The lines of an entry of a list."""
    stage = isinstance(item, Mapping) and any(isinstance(v, Mapping) for v in item.values())
    match item:
        case Mapping() as entries if stage or len(flow(item)) > WIDTH - 4:
            marks = ["  - ", *["    "] * len(entries)]
            for mark, (key, value) in zip(marks, entries.items(), strict=False):
                yield from _short_or_long(f"{mark}{_text(key, flow=True)}:", value, "    ")
        case tuple() | Mapping():
            yield f"  - {flow(item)}"
        case text:
            yield f"  - {_scalar(text, flow=False)}"


def _short_or_long(head: str, value: object, indent: str) -> Iterator[str]:
    """A key and its value: in one line, or a mapping with a line for each entry."""
    line = f"{head} {flow(value)}"
    if isinstance(value, Mapping) and len(line) > WIDTH:
        yield head
        for key, entry in value.items():
            inner = f"{indent}  {_text(key, flow=True)}:"
            yield from _short_or_long(inner, entry, f"{indent}  ")
    elif isinstance(value, Mapping | tuple):
        yield line
    else:
        yield f"{head} {_scalar(value, flow=False)}"


def flow(value: object) -> str:
    """A value in one line, with braces and brackets.

    >>> flow({"kind": "kan", "width": (2, 8, 1)})
    '{kind: kan, width: [2, 8, 1]}'
    >>> flow({"eliminate": True})
    '{eliminate: true}'
    """
    match value:
        case tuple(items):
            return f"[{', '.join(flow(item) for item in items)}]"
        case Mapping() as entries:
            pairs = [f"{_text(key, flow=True)}: {flow(entry)}" for key, entry in entries.items()]
            return f"{{{', '.join(pairs)}}}"
        case single:
            return _scalar(single, flow=True)


def _scalar(value: object, flow: bool) -> str:
    match value:
        case str():
            return _text(value, flow)
        case float():
            return number_text(value)
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _text(text: str, flow: bool) -> str:
    """A text without quotes if it then still is that text, else with the quietest quotes."""
    plain = _PLAIN if flow else _PLAIN_LINE
    if plain.fullmatch(text) and isinstance(scalar(text), str):
        return text
    if text.isprintable() and text.isascii():
        return "'" + text.replace("'", "''") + "'"
    return yaml.dump(text, default_style='"', allow_unicode=True, width=float("inf")).rstrip("\n")
