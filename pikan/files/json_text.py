"""JSON text from the frozen records themselves, and back, checked by pydantic."""

import math
from typing import Annotated, TypeVar, final

from pydantic import BeforeValidator, TypeAdapter, ValidationError

T = TypeVar("T")

Real = Annotated[float, BeforeValidator(lambda given: math.nan if given is None else given)]
"""A number of a record. JSON has finite ones only: all others are null there, and read as NaN."""


@final
class JSONError(ValueError):
    """A text that does not hold a record: where, and what is wrong, in one sentence."""


def to_json(record: object, indent: int | None = None) -> str:
    """The text of a record: an object of its fields, in their order."""
    return TypeAdapter(type(record)).dump_json(record, indent=indent).decode() + "\n"


def from_json(text: str | bytes, kind: type[T]) -> T:
    """The record of a kind in a text; nothing is converted, and other keys are passed over."""
    try:
        return TypeAdapter(kind).validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        said = " ".join(first["msg"].split())
        raise JSONError(f"has a fault at '{place}': {said}" if place else f"has a fault: {said}") from None
