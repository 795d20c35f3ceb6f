"""Kinds of single values: formulas, numbers that may be formulas, whole numbers, bases."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol, runtime_checkable

from pydantic import AfterValidator, BaseModel, BeforeValidator, Discriminator, WithJsonSchema
from pydantic_core import PydanticCustomError

from pikan.bases.registry import FAMILIES, PATTERN, format_word, parse
from pikan.expression.error import FormulaError
from pikan.expression.tree import number_text
from pikan.expression.wording import printable
from pikan.spec.constants import Constants
from pikan.spec.faults import Origin

REFUSED = "refused"
"""The type of pydantic error whose message already is a sentence of ours."""
CHOICE = "choice"
"""The type of pydantic error for a mapping whose keys fit none of the kinds there are."""

_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?(MB|GB)", re.ASCII)
_UNITS: Mapping[str, int] = {"MB": 10**6, "GB": 10**9}


@dataclass(frozen=True)
class ValidationContext:
    """What pydantic is told while it checks a file: the values' places, and the constants."""

    origin: Origin
    constants: Constants


@runtime_checkable
class Informed(Protocol):
    """What of pydantic's `ValidationInfo` is used here; that one cannot be checked at run time."""

    @property
    def context(self) -> object:
        """What the caller of the validation has to say: a `ValidationContext`, or nothing."""
        ...


def validation_fault(message: str) -> PydanticCustomError:
    """A fault found while pydantic checks a value."""
    # Half of a character pair cannot be encoded, and pydantic encodes what it reports.
    return PydanticCustomError(REFUSED, "{message}", {"message": printable(message)})


def quote_value(value: object) -> str:
    """A value in the words of the one who wrote it, shortened."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case float():
            return number_text(value) if math.isfinite(value) else f"{value}"
        case str():
            return f"'{value if len(value) <= 60 else value[:57] + '...'}'"
        case Mapping():
            return "a mapping (key: value)"
        case tuple() | list():
            return "a list"
        case BaseModel():
            return "a mapping (key: value)"
        case _:
            return str(value)[:60]


def _formula(written: object) -> object:
    """A formula as text; a number alone is a formula too."""
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        raise validation_fault(f"got {quote_value(written)}, needs a formula")
    return written if isinstance(written, str) else number_text(float(written))


def _number(written: object) -> object:
    """A finite number, or a formula to be evaluated when all constants are known."""
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        raise validation_fault(
            f"got {quote_value(written)}, needs a number or a formula of constants"
        )
    if not isinstance(written, str) and not math.isfinite(written):
        raise validation_fault(f"got {quote_value(written)}, needs a finite number")
    return written if isinstance(written, str) else float(written)


def _quantity(written: object, info: Informed) -> object:
    """A finite number; a formula of constants is evaluated at once."""
    if not isinstance(written, str):
        return _number(written)
    constants = (
        info.context.constants if isinstance(info.context, ValidationContext) else Constants({})
    )
    try:
        value = constants.value(written)
        # The constant at fault is reported by itself; what is made of it is not.
        return 1.0 if math.isnan(value) else value
    except FormulaError as error:
        raise validation_fault(str(error)) from error


def _whole(written: object) -> object:
    """A whole number, which `1e3` is too."""
    if isinstance(written, float) and written.is_integer():
        return int(written)
    return written


def _basis(word: str) -> str:
    """The word for a basis, as pikan writes it."""
    try:
        return format_word(*parse(word))
    except ValueError as error:
        raise validation_fault(str(error)) from error


def _bytes(written: object) -> object:
    """A number of bytes, which `500 MB` and `2 GB` are too."""
    number = _whole(written)
    if isinstance(written, str) and (form := _SIZE.fullmatch(written)):
        number = round(float(form[1]) * _UNITS[form[2]])
    if isinstance(number, bool) or not isinstance(number, int):
        raise validation_fault(
            f"got {quote_value(written)}, needs a size such as '500 MB' or '2 GB'"
        )
    return number


Formula = Annotated[str, BeforeValidator(_formula), WithJsonSchema({"type": ["string", "number"]})]
Number = Annotated[
    float | str, BeforeValidator(_number), WithJsonSchema({"type": ["number", "string"]})
]
Quantity = Annotated[
    float, BeforeValidator(_quantity), WithJsonSchema({"type": ["number", "string"]})
]
Whole = Annotated[int, BeforeValidator(_whole)]
Bytes = Annotated[int, BeforeValidator(_bytes), WithJsonSchema({"type": ["integer", "string"]})]
Basis = Annotated[
    str,
    AfterValidator(_basis),
    WithJsonSchema({"anyOf": [{"enum": list(FAMILIES)}, {"type": "string", "pattern": PATTERN}]}),
]


def tagged_union(choose: Callable[[Mapping[str, object]], str | None], needs: str) -> Discriminator:
    """Which of several mappings a value is, by its keys; `needs` says what would do otherwise."""

    def tag(written: object) -> str | None:
        match written:
            case BaseModel():
                return choose(dict(written))
            case Mapping():
                return choose(written)
            case _:
                return None

    return Discriminator(tag, custom_error_type=CHOICE, custom_error_message=needs)
