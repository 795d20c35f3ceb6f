"""Architecture of a network as a line of text, and a network from such a text."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from reprlib import repr as brief
from typing import final

from pikan.bases.basis import Basis
from pikan.bases.from_word import word
from pikan.bases.registry import ALL, FAMILIES, family
from pikan.network.activation import ACTIVATIONS, Activation
from pikan.network.architecture import (
    Architecture,
    BasisArchitecture,
    FullProductArchitecture,
    KANArchitecture,
    LowRankArchitecture,
    MLPArchitecture,
    SingleArchitecture,
    TimeSlabsArchitecture,
    build_network,
    count,
    ends,
)
from pikan.network.base import Network
from pikan.network.kan import KANNetwork, Width
from pikan.network.mlp import MLP
from pikan.network.product import FullProduct, LowRank
from pikan.network.time_slabs import TimeSlabs

# A damaged or hostile text may ask for anything; these are far beyond what can be trained.
_MOST_NUMBERS = 10**8
_MOST_PARTS = 10**4
_LONGEST_TEXT = 10**6


@final
class ArchitectureError(ValueError):
    """A text does not describe a network, or a network is beyond what such a text can say."""


def architecture_text(network: Network) -> str:
    """All that a network's state does not say: kinds, widths, degrees, numbers of knots.

    >>> architecture_text(MLP([2, 8, 1], [0.0, 0.0], [1.0, 1.0]))
    '{"kind":"mlp","widths":[2,8,1]}'
    """
    return json.dumps(asdict(_architecture(network)), separators=(",", ":"))


def network_from_text(text: str, most: int = _MOST_NUMBERS) -> Network:
    """A network of this shape in float64, which waits for the state that it had.

    ShapeError, before anything is made, where the text is none that `architecture_text` writes or
    asks for more than `most` numbers.
    """
    if len(text) > _LONGEST_TEXT:
        raise ArchitectureError(f"shape: got {len(text)} characters, needs at most {_LONGEST_TEXT}")
    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError):
        raise _wrong("shape", text, "the JSON text of a network's shape") from None
    plan = _read_architecture(data)
    if count(plan) > most:
        raise ArchitectureError(f"shape: got a network of more than {most} numbers, needs fewer")
    return build_network(plan)


def _architecture(network: Network) -> Architecture:
    if isinstance(network, TimeSlabs):
        return TimeSlabsArchitecture(
            network.axis, tuple(_single_architecture(w) for w in network.slabs())
        )
    return _single_architecture(network)


def _single_architecture(network: Network) -> SingleArchitecture:
    match network:
        case KANNetwork():
            edges = network.edges()
            bases = tuple(_basis_architecture(each.basis) for each in edges)
            base, squash = _function_name(edges[0].base), _function_name(network.squash)
            return KANArchitecture(network.widths, bases, base, squash)
        case FullProduct():
            bases = tuple(_basis_architecture(basis) for basis in network.axes())
            return FullProductArchitecture(bases, network.coefficients.shape[1])
        case LowRank():
            bases = tuple(_basis_architecture(basis) for basis in network.axes())
            return LowRankArchitecture(bases, *network.coefficients.shape)
        case MLP():
            matrices = (*network.weights, network.coefficients)
            first = matrices[0].shape[0] - 1
            return MLPArchitecture((first, *(matrix.shape[1] for matrix in matrices)))
        case _:
            raise _wrong("network", type(network).__name__, "KAN, FullProduct, LowRank or MLP")


def _basis_architecture(basis: Basis) -> BasisArchitecture:
    try:
        return BasisArchitecture(word(basis), basis.degree, basis.knots.shape[1])
    except ValueError as fault:
        raise ArchitectureError(str(fault)) from None


def _function_name(function: Activation | None) -> str | None:
    if function is None:
        return None
    names = [name for name, known in ACTIVATIONS.items() if known is function]
    if not names:
        raise _wrong("function", function, f"one of {', '.join(ACTIVATIONS)}")
    return names[0]


def _read_architecture(data: object) -> Architecture:
    if _entry("shape", data).get("kind") != "windows":
        return _read_single("shape", data)
    entry = _entry("shape", data, TimeSlabsArchitecture)
    parts = _list("networks", entry["networks"], 1)
    networks = tuple(_read_single(f"networks[{i}]", part) for i, part in enumerate(parts))
    if len({ends(network) for network in networks}) > 1:
        raise ArchitectureError(
            "networks: got different ends, needs the same coordinates and unknowns"
        )
    return TimeSlabsArchitecture(
        _whole("axis", entry["axis"], 0, ends(networks[0])[0] - 1), networks
    )


def _read_single(name: str, data: object) -> SingleArchitecture:
    match _entry(name, data).get("kind"):
        case "kan":
            return _read_kan(_entry(name, data, KANArchitecture))
        case "full product":
            entry = _entry(name, data, FullProductArchitecture)
            return FullProductArchitecture(
                _read_bases(entry), _whole("unknowns", entry["unknowns"], 1)
            )
        case "low rank":
            entry = _entry(name, data, LowRankArchitecture)
            rank, unknowns = (_whole(key, entry[key], 1) for key in ("rank", "unknowns"))
            return LowRankArchitecture(_read_bases(entry), rank, unknowns)
        case "mlp":
            widths = _list("widths", _entry(name, data, MLPArchitecture)["widths"], 2)
            return MLPArchitecture(tuple(_whole("widths", width, 1) for width in widths))
        case kind:
            raise _wrong(f"{name}: kind", kind, "kan, full product, low rank or mlp")


def _read_kan(entry: Mapping[str, object]) -> KANArchitecture:
    given, bases = _list("widths", entry["widths"], 2), _read_bases(entry)
    if len(bases) != len(given) - 1:
        raise ArchitectureError(
            f"bases: got {len(bases)}, needs {len(given) - 1} for as many layers"
        )
    first, *later = given
    widths = (_whole("widths", first, 1), *map(_width, later))
    return KANArchitecture(
        widths, bases, _read_function(entry, "base"), _read_function(entry, "squash")
    )


def _width(given: object) -> Width:
    if not isinstance(given, list):
        return _whole("widths", given, 1)
    numbers = tuple(_whole("widths", each, 0) for each in given)
    if len(numbers) != 2 or not any(numbers):
        raise _wrong("widths", given, "a whole number, or those of sums and of products")
    return numbers


def _read_bases(entry: Mapping[str, object]) -> tuple[BasisArchitecture, ...]:
    return tuple(_read_basis(data) for data in _list("bases", entry["bases"], 1))


def _read_basis(data: object) -> BasisArchitecture:
    entry = _entry("bases", data, BasisArchitecture)
    kind = entry["kind"]
    if not isinstance(kind, str):
        raise _wrong("bases: kind", kind, f"one of {', '.join(FAMILIES)}")
    try:
        most = _MOST_NUMBERS if family(kind, ALL).cells else 2
    except ValueError as fault:
        raise ArchitectureError(f"bases: kind: {fault}") from None
    return BasisArchitecture(
        kind, _whole("degree", entry["degree"], 0), _whole("knots", entry["knots"], 2, most)
    )


def _read_function(entry: Mapping[str, object], key: str) -> str | None:
    return None if entry[key] is None else _word(key, entry[key], ACTIVATIONS)


def _entry(
    name: str, data: object, kind: type[Architecture | BasisArchitecture] | None = None
) -> Mapping[str, object]:
    """A JSON object, with exactly the keys of a kind of plan if one is named."""
    if not isinstance(data, dict):
        raise _wrong(name, data, "an object")
    entry = {str(key): value for key, value in data.items()}
    if kind is not None and (keys := {each.name for each in fields(kind)}) != entry.keys():
        raise _wrong(name, sorted(entry), f"the keys {', '.join(sorted(keys))}")
    return entry


def _list(name: str, given: object, least: int) -> list[object]:
    if not isinstance(given, list) or not least <= len(given) <= _MOST_PARTS:
        raise _wrong(name, given, f"a list of {least} to {_MOST_PARTS}")
    return list(given)


def _whole(name: str, given: object, least: int, most: int = _MOST_NUMBERS) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not least <= given <= most:
        raise _wrong(name, given, f"a whole number from {least} to {most}")
    return given


def _word(name: str, given: object, known: Mapping[str, object]) -> str:
    if not isinstance(given, str) or given not in known:
        raise _wrong(name, given, f"one of {', '.join(known)}")
    return given


def _wrong(name: str, given: object, needed: str) -> ArchitectureError:
    return ArchitectureError(f"{name}: got {brief(given)}, needs {needed}")
