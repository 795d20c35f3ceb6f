"""JSON text from the frozen records themselves, and back, checked by pydantic."""

import math
from typing import Annotated, TypeVar, final

from pydantic import BeforeValidator, PlainSerializer, TypeAdapter, ValidationError

T = TypeVar("T")

Real = Annotated[float, BeforeValidator(lambda given: math.nan if given is None else given)]
"""A number of a record: null in JSON where it is not finite, and NaN when that is read."""

Words = Annotated[str, PlainSerializer(lambda given: given.encode(errors="replace").decode())]
"""A text of a record that may hold what is none, such as the name of a file."""


@final
class JSONError(ValueError):
    """A text that holds no record of a kind: where, and what is wrong, in one sentence."""


def to_json(record: object, indent: int | None = None) -> str:
    """The text of a record: its fields by name, in their order."""
    return TypeAdapter(type(record)).dump_json(record, indent=indent).decode() + "\n"


def from_json(text: str, kind: type[T]) -> T:
    """The record in a text; nothing is converted, and keys beside its fields are passed over."""
    try:
        return TypeAdapter(kind).validate_json(text, strict=True)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the top"
        raise JSONError(f"at {place}: {' '.join(fault['msg'].split())}") from None
