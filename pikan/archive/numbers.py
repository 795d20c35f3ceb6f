"""Packed values as one text and one array for each type of number, in a group of a file."""

import json
from math import prod
from typing import Any

import h5py
import torch
from torch import Tensor

from pikan.archive.file import get_array, get_text, put_text
from pikan.archive.packing import Packed

# What stands in the text for a tensor: its type, where its numbers begin, and its size.
_TENSOR = "tensor"
_TYPES: tuple[str, ...] = ("float64", "float32", "int64", "uint8", "bool")


def put_packed(group: h5py.Group, made: Packed) -> None:
    """Keep a packed value."""
    pieces: dict[str, list[Tensor]] = {kind: [] for kind in _TYPES}
    lengths = dict.fromkeys(_TYPES, 0)

    def placed(tensor: Tensor) -> dict[str, object]:
        kind = str(tensor.dtype).removeprefix("torch.")
        begin = lengths[kind]
        pieces[kind].append(tensor.flatten())
        lengths[kind] += tensor.numel()
        return {_TENSOR: [kind, begin, list(tensor.shape)]}

    text = json.dumps(made.plain, default=placed, separators=(",", ":"))
    arrays = {kind: torch.cat(parts).numpy() for kind, parts in pieces.items() if parts}
    put_text(group, "text", text)
    for kind, array in arrays.items():
        group[f"numbers/{kind}"] = array


def get_packed(group: h5py.Group) -> Packed:
    """The value that was kept; ArchiveError where there is none."""
    text = get_text(group, "text")
    kinds = [kind for kind in _TYPES if f"numbers/{kind}" in group]
    arrays = {kind: get_array(group, f"numbers/{kind}") for kind in kinds}

    # What JSON holds is not known before it is looked at.
    def found(entry: dict[str, Any]) -> object:
        if entry.keys() != {_TENSOR}:
            return entry
        kind, begin, size = entry[_TENSOR]
        return torch.from_numpy(arrays[kind][begin : begin + prod(size)]).view(size)

    return Packed(json.loads(text, object_hook=found))
