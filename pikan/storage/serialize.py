"""Serialization of values of known types, in a file as JSON and arrays; nothing is executed.

What can be packed are numbers, texts, arrays, tensors, networks, tuples, mappings by text, and
named tuples and frozen dataclasses of these. Whoever unpacks says of which type a value is to be.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Never, Union, get_args, get_origin, get_type_hints

import h5py
import numpy as np
import torch
from jaxtyping import AbstractArray
from torch import Tensor

from pikan.network.architecture import ArchitectureError
from pikan.network.base import Network
from pikan.network.build import architecture_text, restore
from pikan.storage.file import ArchiveError, Arrays, get_group, get_text, put_text

# A network of so many numbers may be made without any need [numbers].
_FEW = 10_000
# The key beside the fields of a class that names it, and that of the path of an array in a file.
_CLASS, _ARRAY = "class", "<array>"

Reader = Callable[[object], object]


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
    return _reader(kind, device)(made.plain)


def put_serialized(file: h5py.Group, name: str, made: Serialized) -> None:
    """Keep a packed value in a group of a file: as JSON, and its arrays by the way to them."""

    def place(plain: object, path: str) -> object:
        match plain:
            case Tensor():
                file[path] = plain.numpy()
                return {_ARRAY: path.removeprefix(f"{name}/")}
            case list():
                return [place(entry, f"{path}/{index}") for index, entry in enumerate(plain)]
            case dict():
                return {str(key): place(entry, f"{path}/{key}") for key, entry in plain.items()}
            case _:
                return plain

    put_text(file, f"{name}/json", json.dumps(place(made.plain, name), separators=(",", ":")))


def get_serialized(file: Arrays, name: str) -> Serialized:
    """The packed value that was kept; ArchiveError where there is none."""
    left = dict(get_group(file, name))

    # What JSON holds is not known before it is looked at.
    def restore(entry: dict[str, Any]) -> object:
        if entry.keys() != {_ARRAY}:
            return entry
        # No array is taken twice: a short text could ask for more than there is memory.
        return torch.from_numpy(left.pop(entry[_ARRAY]).copy())

    return Serialized(json.loads(get_text(left, "json"), object_hook=restore))


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
        case np.ndarray():
            return torch.from_numpy(value.copy())
        case Network():
            state = {name: _plain(tensor) for name, tensor in value.state_dict().items()}
            return {"shape": architecture_text(value), "state": state}
        case Mapping():
            return {key: _plain(entry) for key, entry in value.items()}
        case tuple() if type(value) is tuple:
            return [_plain(entry) for entry in value]
        case _:
            parts = {name: _plain(getattr(value, name)) for name in _fields(type(value))}
            return {_CLASS: type(value).__name__, **parts}


def _reader(kind: object, device: torch.device) -> Reader:
    """What makes the values of a type out of packed ones; it raises ArchiveError for others.

    Made once for each type, whatever number of values there are.
    """
    inner = get_args(kind)
    match get_origin(kind):
        case origin if origin in (Union, UnionType):
            return _union_reader(kind, [_reader(one, device) for one in inner])
        case origin if origin is Literal:
            return lambda plain: plain if plain in inner else _refuse(plain, kind)
        case origin if origin is tuple and inner[1:] == (...,):
            return _tuple_reader(kind, [_reader(inner[0], device)], repeated=True)
        case origin if origin is tuple:
            return _tuple_reader(kind, [_reader(one, device) for one in inner], repeated=False)
        case origin if origin is Mapping:
            return _mapping_reader(kind, _reader(inner[1], device))
        case _ if isinstance(kind, type):
            return _class_reader(kind, device)
        case _:
            return lambda plain: _refuse(plain, kind)


def _union_reader(kind: object, choices: Sequence[Reader]) -> Reader:
    def unpack(plain: object) -> object:
        for choice in choices:
            with suppress(ArchiveError):
                return choice(plain)
        return _refuse(plain, kind)

    return unpack


def _tuple_reader(kind: object, parts: Sequence[Reader], *, repeated: bool) -> Reader:
    def unpack(plain: object) -> object:
        if not isinstance(plain, list):
            return _refuse(plain, kind)
        readers = [*parts] * len(plain) if repeated else parts
        return tuple(part(entry) for part, entry in zip(readers, plain, strict=True))

    return unpack


def _mapping_reader(kind: object, entries: Reader) -> Reader:
    def unpack(plain: object) -> object:
        if not isinstance(plain, dict):
            return _refuse(plain, kind)
        return {str(key): entries(entry) for key, entry in plain.items()}

    return unpack


def _class_reader(kind: type, device: torch.device) -> Reader:
    if kind in (NoneType, bool, int, float, str):
        return lambda plain: plain if type(plain) is kind else _refuse(plain, kind)
    if kind is Serialized:
        return lambda plain: Serialized(plain)
    if issubclass(kind, Tensor | AbstractArray):
        return _array_reader(kind, device)
    if issubclass(kind, Network):
        return _network_reader(kind, device)
    # An abstract class stands for those that are made from it.
    made = {each.__name__: each for each in kind.__subclasses__() or [kind]}
    parts: dict[str, Mapping[str, Reader]] = {}

    def unpack(plain: object) -> object:
        name = str(plain.get(_CLASS)) if isinstance(plain, dict) else ""
        if name in made and name not in parts:
            # Only now: a class may hold others of its own kind.
            hints = get_type_hints(made[name])
            parts[name] = {field: _reader(hints[field], device) for field in _fields(made[name])}
        if not isinstance(plain, dict) or {_CLASS, *parts.get(name, ())} != plain.keys():
            return _refuse(plain, kind)
        return made[name](**{field: part(plain[field]) for field, part in parts[name].items()})

    return unpack


def _array_reader(kind: type, device: torch.device) -> Reader:
    in_numpy = issubclass(kind, AbstractArray) and kind.array_type is np.ndarray

    def unpack(plain: object) -> object:
        if not isinstance(plain, Tensor):
            return _refuse(plain, kind)
        # Copied, so that it lies in memory as torch's own tensors do: sums may depend on that.
        copied = plain.to(device, copy=True)
        found = copied.cpu().numpy() if in_numpy else copied
        return found if isinstance(found, kind) else _refuse(plain, kind)

    return unpack


def _network_reader(kind: type[Network], device: torch.device) -> Reader:
    def unpack(plain: object) -> object:
        if not isinstance(plain, dict):
            return _refuse(plain, kind)
        found = restore_network(str(plain["shape"]), plain["state"]).to(device)
        return found if isinstance(found, kind) else _refuse(plain, kind)

    return unpack


def _fields(kind: type) -> tuple[str, ...]:
    """The names of the fields of a named tuple or a dataclass."""
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind))
    assert issubclass(kind, tuple), f"{kind} cannot be packed"
    return tuple(kind.__annotations__)


def _refuse(given: object, needed: object) -> Never:
    words = type(given).__name__ if isinstance(given, dict | list | Tensor) else repr(given)
    wanted = needed.__name__ if isinstance(needed, type) else str(needed)
    raise ArchiveError(
        f"the file holds {words[:40]} where a {wanted} of this version belongs: it is damaged, or "
        "another version of pikan wrote it; solve again"
    )
