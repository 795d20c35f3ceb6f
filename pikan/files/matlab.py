"""Arrays of real numbers out of MATLAB files of versions 5 to 7.2.

SciPy's reader is not used: on damaged files its compiled part ends the whole process (seen in
SciPy 1.17). This one reads nothing but what it needs, and raises Python's own exceptions.

Source: MathWorks, MAT-File Format (R2019a), chapter 1, Level 5.
"""

import itertools
import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Shaped

HEADER = 128
ORDERS = {b"IM": "<", b"MI": ">"}
MATRIX, COMPRESSED = 14, 15
# How numbers are stored, and which classes of arrays hold numbers: double to uint64.
NUMBERS: Mapping[int, str] = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
NUMERIC_CLASSES = range(6, 16)
COMPLEX_OR_LOGICAL = 0x0A
# Flags, dimensions and name of a variable come before its numbers and fit in this [bytes].
PREAMBLE = 4096
# No file is made with more variables.
MOST_VARIABLES = 10_000


class Element(NamedTuple):
    """One tagged piece of a file: its type, its content, and where the next one starts."""

    kind: int
    content: memoryview
    end: int


class Variable(NamedTuple):
    """An array in a file: its shape, and the bytes that hold it, perhaps still compressed."""

    shape: tuple[int, ...]
    numeric: bool
    order: str
    compressed: bool
    stored: memoryview


def variables(content: memoryview) -> Mapping[str, Variable]:
    """Everything in a file by name; ValueError for anything but a file of this kind."""
    order = ORDERS.get(bytes(content[126:128]))
    if order is None or struct.unpack(f"{order}H", content[124:126]) != (0x0100,):
        raise ValueError("not a file of version 5 to 7.3; save it with -v7")
    return dict(_variables(content, order))


def array(variable: Variable) -> Shaped[np.ndarray, "*_"]:
    """The numbers of a variable; ValueError where it holds anything else."""
    if not variable.numeric:
        raise ValueError("an array holds something else than real numbers")
    stored = variable.stored
    if variable.compressed:
        size = 8 * math.prod(variable.shape) + PREAMBLE
        stored = memoryview(zlib.decompressobj().decompress(stored, size))
        stored = _element(stored, 0, variable.order).content
    place = 0
    for _ in range(3):
        place = _element(stored, place, variable.order).end
    numbers = _element(stored, place, variable.order)
    dtype = np.dtype(f"{variable.order}{NUMBERS[numbers.kind]}")
    return np.frombuffer(numbers.content, dtype).reshape(variable.shape, order="F")


def _variables(content: memoryview, order: str) -> Iterator[tuple[str, Variable]]:
    place = HEADER
    for count in itertools.count():
        if place >= len(content):
            return
        if count == MOST_VARIABLES:
            raise ValueError(f"it has more than {MOST_VARIABLES} variables; take some out")
        element = _element(content, place, order)
        place = element.end
        compressed = element.kind == COMPRESSED
        opening = element.content
        if compressed:
            place -= -len(element.content) % 8
            opening = memoryview(zlib.decompressobj().decompress(opening, PREAMBLE))[8:]
        if compressed or element.kind == MATRIX:
            yield _named_variable(
                opening[:PREAMBLE], Variable((), False, order, compressed, element.content)
            )


def _named_variable(opening: memoryview, variable: Variable) -> tuple[str, Variable]:
    order = variable.order
    flags = _element(opening, 0, order)
    shape = _element(opening, flags.end, order)
    name = _element(opening, shape.end, order)
    (bits,) = struct.unpack(f"{order}I", flags.content[:4])
    numeric = bits & 0xFF in NUMERIC_CLASSES and not bits >> 8 & COMPLEX_OR_LOGICAL
    lengths = struct.unpack(f"{order}{len(shape.content) // 4}I", shape.content)
    return bytes(name.content).decode("ascii"), variable._replace(shape=lengths, numeric=numeric)


def _element(content: memoryview, place: int, order: str) -> Element:
    kind, size = struct.unpack(f"{order}II", content[place : place + 8])
    if kind >> 16:
        # Up to four bytes stand in the tag itself, beside their number.
        return Element(kind & 0xFFFF, content[place + 4 : place + 4 + (kind >> 16)], place + 8)
    start = place + 8
    return Element(kind, content[start : start + size], start + size + -size % 8)
