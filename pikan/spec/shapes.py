"""The shapes of a problem file: one kind each, joined, cut and taken away."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, Tag, model_validator

from pikan.spec.parts import ONE_OR_MANY, FilePart
from pikan.spec.values import Formula, Number, validation_fault

Pair = tuple[Number, Number]
Triple = tuple[Number, Number, Number]

KINDS = (
    "disc",
    "ellipse",
    "annulus",
    "polygon",
    "box",
    "ball",
    "cylinder",
    "curve",
    "outline",
    "formula",
)


class DiscSettings(FilePart):
    """A disc, or equal ones about several centers."""

    center: Pair | None = Field(default=None, description="the center, such as [0, 0]")
    centers: Annotated[tuple[Pair, ...], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="the centers of equal discs"
    )
    radius: Number = Field(description="the radius")


class EllipseSettings(FilePart):
    """An ellipse."""

    center: Pair = Field(description="the center, such as [0, 0]")
    axes: Pair = Field(description="the two semi-axes, such as [2, 0.5]")
    angle: Number = Field(default=0.0, description="from the first coordinate to the first axis")


class AnnulusSettings(FilePart):
    """The points between two circles of one center."""

    center: Pair = Field(description="the center, such as [0, 0]")
    inner: Number = Field(description="the radius of the hole")
    outer: Number = Field(description="the radius of the whole")


class BallSettings(FilePart):
    """A ball."""

    center: Triple = Field(description="the center, such as [0, 0, 0]")
    radius: Number = Field(description="the radius")


class CylinderSettings(FilePart):
    """A disc in the first two coordinates times an interval of the third."""

    center: Pair = Field(description="the center of the disc, such as [0, 0]")
    radius: Number = Field(description="its radius")
    ends: Pair = Field(description="the interval of the third coordinate, such as [0, 1]")


Parameter = Annotated[
    Annotated[Formula, Tag("<one>")] | Annotated[Pair, Tag("<many>")],
    ONE_OR_MANY,
]


class OutlineSettings(FilePart):
    """A closed curve through points in their order, from a file or written here."""

    file: str | None = Field(
        default=None, description="a .csv, .npz, .mat or .h5 file in the folder of this file"
    )
    coordinates: Mapping[str, str] = Field(
        default={}, description="for each coordinate the name of its column, if it has another"
    )
    points: Annotated[tuple[Pair, ...], Field(min_length=3, max_length=2000)] | None = Field(
        default=None, description="the points themselves, such as [[0, 0], [1, 0], [0, 1], ...]"
    )
    straight: bool = Field(
        default=False, description="whether points are corners, joined by segments; else a spline"
    )


class ShapeSettings(FilePart):
    """A shape of one kind, with a name if conditions speak of it."""

    disc: DiscSettings | None = Field(default=None, description="{center: [0, 0], radius: 1}")
    ellipse: EllipseSettings | None = Field(
        default=None, description="{center: [0, 0], axes: [2, 0.5]}"
    )
    annulus: AnnulusSettings | None = Field(
        default=None, description="{center: [0, 0], inner: 0.5, outer: 1}"
    )
    polygon: Annotated[tuple[Pair, ...], Field(min_length=3, max_length=1000)] | None = Field(
        default=None, description="the corners in their order, such as [[0, 0], [1, 0], [0, 1]]"
    )
    box: Annotated[Mapping[str, Pair], Field(min_length=2, max_length=3)] | None = Field(
        default=None, description="an interval for each coordinate, such as {x: [0, 2], y: [0, 1]}"
    )
    ball: BallSettings | None = Field(default=None, description="{center: [0, 0, 0], radius: 1}")
    cylinder: CylinderSettings | None = Field(
        default=None, description="{center: [0, 0], radius: 1, ends: [0, 2]}"
    )
    curve: Annotated[Mapping[str, Parameter], Field(min_length=3, max_length=3)] | None = Field(
        default=None,
        description="a closed curve: {x: 2*cos(s), y: sin(s), s: [0, 2*pi]}",
    )
    outline: OutlineSettings | None = Field(
        default=None, description="a closed curve through points: {file: coast.csv}"
    )
    formula: Formula | None = Field(default=None, description="as x^4 + y^4 < 1")
    name: str | None = Field(
        default=None, description="what conditions call its boundary; its kind if left out"
    )
    without: "Shapes | None" = Field(default=None, description="shapes that are taken away")
    within: "Shapes | None" = Field(default=None, description="shapes that it is cut down to")

    @model_validator(mode="after")
    def _one_kind(self) -> "ShapeSettings":
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            found = f"got {' and '.join(given)}" if given else "got no shape"
            raise validation_fault(f"{found}, needs one of {', '.join(KINDS)}")
        return self


Shapes = Annotated[
    Annotated[ShapeSettings, Tag("<one>")]
    | Annotated[tuple[ShapeSettings, ...], Field(min_length=1, max_length=100), Tag("<many>")],
    ONE_OR_MANY,
]

ShapeSettings.model_rebuild()
