"""Serialization of values of known types; nothing is executed.

What can be packed are numbers, texts, tensors, networks, tuples, mappings by text, and named
tuples and frozen dataclasses of these. Whoever unpacks says of which type the value is to be.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import torch
from torch import Tensor

from pikan.network.architecture import ArchitectureError
from pikan.network.base import Network
from pikan.network.build import architecture_text, restore
from pikan.storage.file import ArchiveError

# A network of so many numbers may be made without any need [numbers].
_FEW = 10_000
# The key beside the fields of a class that names it.
_CLASS = "class"


class Serialized(NamedTuple):
    """A packed value: numbers, texts, tensors, and lists and dictionaries of these."""

    plain: object


def serialize(value: object) -> Serialized:
    """A value that shares nothing with what it was packed from."""
    return Serialized(_plain(value))


def deserialize(made: Serialized, kind: object, device: torch.device) -> object:
    """A value of a type or of a union of types, as new and with its tensors on a device.

    An abstract class stands for those that are made from it. ArchiveError where what was packed
    is no such value.
    """
    return _value(made.plain, kind, device)


def restore_network(text: str, state: Mapping[str, Tensor]) -> Network:
    """The network of a shape with the numbers of a state; ArchiveError where they do not fit."""
    try:
        # A text that asks for more than there is belongs to another state.
        return restore(text, state, _FEW + sum(tensor.numel() for tensor in state.values()))
    except ArchitectureError as fault:
        raise ArchiveError(f"the network cannot be built again: {fault}") from None


def _plain(value: object) -> object:
    match value:
        case Serialized():
            return value.plain
        case None | bool() | int() | str():
            return value
        case float():
            # Numbers of NumPy are floats as well.
            return float(value)
        case Tensor():
            return value.detach().cpu().clone(memory_format=torch.contiguous_format)
        case Network():
            state = {name: _plain(tensor) for name, tensor in value.state_dict().items()}
            return {"shape": architecture_text(value), "state": state}
        case Mapping():
            return [[key, _plain(entry)] for key, entry in value.items()]
        case tuple() if type(value) is tuple:
            return [_plain(entry) for entry in value]
        case _:
            parts = {name: _plain(getattr(value, name)) for name in _fields(type(value))}
            return {_CLASS: type(value).__name__, **parts}


def _value(plain: object, kind: object, device: torch.device) -> object:
    inner = get_args(kind)
    match get_origin(kind):
        case origin if origin in (Union, UnionType):
            return _one_of(plain, inner, device)
        case origin if origin is Literal and plain in inner:
            return plain
        case origin if origin is tuple and isinstance(plain, list):
            kinds = inner[:1] * len(plain) if inner[1:] == (...,) else inner
            return tuple(_value(one, k, device) for one, k in zip(plain, kinds, strict=True))
        case origin if origin is Mapping and isinstance(plain, list):
            return {str(key): _value(entry, inner[1], device) for key, entry in plain}
        case None if isinstance(kind, type):
            return _instance(plain, kind, device)
        case _:
            raise _wrong(plain, kind)


def _one_of(plain: object, kinds: tuple[object, ...], device: torch.device) -> object:
    for kind in kinds:
        try:
            return _value(plain, kind, device)
        except ArchiveError:
            continue
    raise _wrong(plain, " or ".join(map(str, kinds)))


def _instance(plain: object, kind: type, device: torch.device) -> object:
    if kind is Serialized:
        return Serialized(plain)
    if isinstance(plain, Tensor):
        # Copied, so that it lies in memory as torch's own tensors do: sums may depend on that.
        found: object = plain.to(device, copy=True)
    elif isinstance(plain, dict) and issubclass(kind, Network):
        found = restore_network(str(plain["shape"]), plain["state"]).to(device)
    elif isinstance(plain, dict):
        found = _object(plain, kind, device)
    elif type(plain) is kind and kind in (NoneType, bool, int, float, str):
        found = plain
    else:
        raise _wrong(plain, kind)
    if not isinstance(found, kind):
        raise _wrong(plain, kind)
    return found


def _object(plain: dict[str, object], kind: type, device: torch.device) -> object:
    """An object of a class, or of one made from it, with what its fields were."""
    kinds = {each.__name__: each for each in kind.__subclasses__() or [kind]}
    made = kinds.get(str(plain.get(_CLASS)))
    if made is None or {_CLASS, *_fields(made)} != plain.keys():
        raise _wrong(plain.get(_CLASS), kind)
    hints = get_type_hints(made)
    return made(**{name: _value(plain[name], hints[name], device) for name in _fields(made)})


def _fields(kind: type) -> Iterator[str]:
    """The names of the fields of a named tuple or a dataclass."""
    if is_dataclass(kind):
        return (field.name for field in fields(kind))
    assert issubclass(kind, tuple), f"{kind} cannot be packed"
    return iter(kind.__annotations__)


def _wrong(given: object, needed: object) -> ArchiveError:
    words = type(given).__name__ if isinstance(given, dict | list | Tensor) else repr(given)
    return ArchiveError(f"the checkpoint holds {words[:40]} where {needed} belongs")
