"""Packed values as one text and one array for each type of number, in a group of a file."""

import json
from math import prod
from typing import Any

import h5py
import torch
from torch import Tensor

from pikan.storage.file import Arrays, get_array, get_group, get_text, names, put_text
from pikan.storage.serialize import Serialized

# What stands in the text for a tensor: its type and its size; its numbers follow the last one's.
_TENSOR = "tensor"
_TYPES: tuple[str, ...] = ("float64", "float32", "int64", "uint8", "bool")


def put_serialized(group: h5py.Group, made: Serialized) -> None:
    """Keep a packed value."""
    pieces: dict[str, list[Tensor]] = {kind: [] for kind in _TYPES}

    def place(tensor: Tensor) -> dict[str, object]:
        kind = str(tensor.dtype).removeprefix("torch.")
        pieces[kind].append(tensor.flatten())
        return {_TENSOR: [kind, list(tensor.shape)]}

    text = json.dumps(made.plain, default=place, separators=(",", ":"))
    arrays = {kind: torch.cat(parts).numpy() for kind, parts in pieces.items() if parts}
    put_text(group, "text", text)
    for kind, array in arrays.items():
        group[f"numbers/{kind}"] = array


def get_serialized(group: Arrays) -> Serialized:
    """The value that was kept; ArchiveError where there is none."""
    text, numbers = get_text(group, "text"), get_group(group, "numbers")
    left = {kind: torch.from_numpy(get_array(numbers, kind)) for kind in names(numbers)}

    # What JSON holds is not known before it is looked at.
    def restore(entry: dict[str, Any]) -> object:
        if entry.keys() != {_TENSOR}:
            return entry
        kind, size = entry[_TENSOR]
        # No number is taken twice: a short text could ask for more than there is memory.
        found, left[kind] = left[kind].tensor_split([prod(size)])
        return found.view(size)

    return Serialized(json.loads(text, object_hook=restore))
