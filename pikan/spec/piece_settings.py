"""Settings of constants: a number, or one for each piece of the region."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Discriminator, Field, Tag

from pikan.spec.parts import FilePart
from pikan.spec.values import Number


class PieceSettings(FilePart):
    """A constant with a value of its own in each piece of the region."""

    pieces: Annotated[Mapping[str, Number], Field(min_length=1, max_length=100)] = Field(
        description="a value for each piece, as {inner: 1/15, else: 1} or {x < 0.3: 1, else: 100}"
    )


Constant = Annotated[
    Annotated[Number, Tag("<number>")] | Annotated[PieceSettings, Tag("<pieces>")],
    Discriminator(
        lambda given: "<pieces>" if isinstance(given, Mapping | PieceSettings) else "<number>"
    ),
]
