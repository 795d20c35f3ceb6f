"""The networks of a problem file."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from pikan.spec.parts import Bases, Count, Counts, Degrees, Edges, FilePart, Widths
from pikan.spec.values import tagged_union


class KANSettings(FilePart):
    """A Kolmogorov-Arnold network: learned functions on edges, sums (or products) on nodes."""

    kind: Literal["kan"] = Field(description="kan: learned functions on edges, sums on nodes")
    width: Widths | None = Field(
        default=None,
        description="nodes of each layer, coordinates first, unknowns last; [sums, products] "
        "gives a layer multiplication nodes",
    )
    basis: Bases | None = Field(default=None, description="of all layers, or a list by layer")
    degree: Degrees | None = Field(default=None, description="of the basis, or a list by layer")
    grid: Counts | None = Field(
        default=None, description="cells of the spline grid, or a list by layer"
    )
    base: Literal["silu", "none"] | None = Field(
        default=None, description="the fixed function beside each learned one"
    )
    start: Literal["random", "decaying", "ridge"] | None = Field(
        default=None,
        description="random; decaying: smooth functions, rescaled on points; or ridge: fixed "
        "directions spread over the circle",
    )
    squash: Literal["tanh", "none"] | None = Field(
        default=None, description="what keeps hidden values inside the grid"
    )
    conditions: Literal["built_in", "rows"] | None = Field(
        default=None,
        description="built_in: they hold by construction, on a box; rows: as the equations do",
    )
    windows: Edges | None = Field(
        default=None, description="how many windows in t follow each other, or their edges"
    )


class ProductSettings(FilePart):
    """A sum of products of one-coordinate functions."""

    kind: Literal["product"] = Field(description="product: products of one-coordinate functions")
    rank: (
        Annotated[
            Annotated[Count, Tag("<one>")] | Annotated[Literal["full"], Tag("<word>")],
            Discriminator(lambda given: "<word>" if isinstance(given, str) else "<one>"),
        ]
        | None
    ) = Field(default=None, description="the number of products, or full for all basis products")
    basis: Bases | None = Field(default=None, description="of all coordinates, or a list")
    degree: Degrees | None = Field(default=None, description="of the basis, or a list")
    grid: Counts | None = Field(default=None, description="cells of the spline grid, or a list")
    conditions: Literal["built_in", "rows"] | None = Field(
        default=None,
        description="built_in: they hold by construction, on a box; rows: as the equations do",
    )
    windows: Edges | None = Field(
        default=None, description="how many windows in t follow each other, or their edges"
    )


class MLPSettings(FilePart):
    """A network of tanh neurons, the baseline."""

    kind: Literal["mlp"] = Field(description="mlp: tanh neurons, the baseline")
    width: Annotated[tuple[Count, ...], Field(min_length=2)] | None = Field(
        default=None, description="neurons of each layer, coordinates first, unknowns last"
    )
    conditions: Literal["built_in", "rows"] | None = Field(
        default=None,
        description="built_in: they hold by construction, on a box; rows: as the equations do",
    )
    windows: Edges | None = Field(
        default=None, description="how many windows in t follow each other, or their edges"
    )


KINDS = ("kan", "product", "mlp")
Network = Annotated[
    Annotated[KANSettings, Tag("<kan>")]
    | Annotated[ProductSettings, Tag("<product>")]
    | Annotated[MLPSettings, Tag("<mlp>")],
    tagged_union(
        lambda given: f"<{given['kind']}>" if given.get("kind") in KINDS else None,
        needs="a kind: kan, product or mlp",
    ),
]
