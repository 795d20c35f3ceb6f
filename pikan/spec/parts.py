"""What the parts of a problem file are made of: numbers in their bounds, and lists of them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from pikan.spec.values import Basis, Quantity, Whole

Count = Annotated[Whole, Field(ge=1, le=10_000_000)]
Degree = Annotated[Whole, Field(ge=1, le=1000)]
Positive = Annotated[Quantity, Field(gt=0)]
NotNegative = Annotated[Quantity, Field(ge=0)]

ONE_OR_MANY = Discriminator(lambda given: "<many>" if isinstance(given, tuple) else "<one>")
Counts = Annotated[
    Annotated[Count, Tag("<one>")]
    | Annotated[Annotated[tuple[Count, ...], Field(min_length=1)], Tag("<many>")],
    ONE_OR_MANY,
]
Degrees = Annotated[
    Annotated[Degree, Tag("<one>")]
    | Annotated[Annotated[tuple[Degree, ...], Field(min_length=1)], Tag("<many>")],
    ONE_OR_MANY,
]
Bases = Annotated[
    Annotated[Basis, Tag("<one>")]
    | Annotated[Annotated[tuple[Basis, ...], Field(min_length=1)], Tag("<many>")],
    ONE_OR_MANY,
]
Width = Annotated[
    Annotated[Count, Tag("<one>")]
    | Annotated[tuple[Annotated[Whole, Field(ge=0)], Annotated[Whole, Field(ge=0)]], Tag("<many>")],
    ONE_OR_MANY,
]
Widths = Annotated[tuple[Width, ...], Field(min_length=2)]
Edges = Annotated[
    Annotated[Count, Tag("<one>")]
    | Annotated[Annotated[tuple[Quantity, ...], Field(min_length=2)], Tag("<many>")],
    ONE_OR_MANY,
]


class FilePart(BaseModel):
    """A part of a problem file: frozen, nothing converted silently, no unknown keys."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)
