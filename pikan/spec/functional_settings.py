"""What a problem file says of a number wanted of the solution."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, Tag, model_validator

from pikan.spec.parts import ONE_OR_MANY, FilePart
from pikan.spec.values import Formula, Number, validation_fault

FUNCTIONALS = ("integral", "value", "maximum", "minimum")


class FunctionalSettings(FilePart):
    """A number wanted of the solution: of a formula over some places, or at a point."""

    integral: Formula | None = Field(default=None, description="a formula to be integrated")
    value: Formula | None = Field(default=None, description="a formula wanted at one point")
    maximum: Formula | None = Field(
        default=None, description="a formula whose largest value is wanted"
    )
    minimum: Formula | None = Field(
        default=None, description="a formula whose least value is wanted"
    )
    over: (
        Annotated[
            Annotated[str, Tag("<one>")]
            | Annotated[Annotated[tuple[str, ...], Field(min_length=1)], Tag("<many>")],
            ONE_OR_MANY,
        ]
        | None
    ) = Field(
        default=None,
        description="region, or places as in conditions; all of the region if left out",
    )
    at: Mapping[str, Number] | None = Field(
        default=None, description="the point of a value, such as {x: 0.5, y: 0}"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> "FunctionalSettings":
        given = [kind for kind in FUNCTIONALS if getattr(self, kind) is not None]
        if len(given) != 1:
            found = f"got {' and '.join(given)}" if given else "got no formula"
            raise validation_fault(f"{found}, needs one of {', '.join(FUNCTIONALS)}")
        (kind,) = given
        if kind == "value" and (self.at is None or self.over is not None):
            raise validation_fault("a value is wanted at one point; write at: {x: 0.5, y: 0}")
        if kind != "value" and self.at is not None:
            raise validation_fault(
                "'at' is the point of a value; over places it is an integral, a maximum or a "
                "minimum"
            )
        return self
