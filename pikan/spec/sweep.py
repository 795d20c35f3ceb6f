"""The values of a sweep file, frozen and checked one by one.

What the changes make of the base problem is checked run by run, in `pikan.sweeps.plan`.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, Tag

from pikan.spec.parts import ONE_OR_MANY, FilePart, Positive
from pikan.spec.schema import Description, FolderName, Title
from pikan.spec.values import Formula, Number, Quantity

Values = Annotated[tuple[object, ...], Field(min_length=1)]


class Function(FilePart):
    """A function to approximate, in place of a problem."""

    inputs: Mapping[str, tuple[Number, Number]] = Field(
        min_length=1, max_length=100, description="an interval for each input, such as {x: [-1, 1]}"
    )
    formula: Formula = Field(description="the function, a formula of the inputs")


class FitRequest(FilePart):
    """A law that the runs are to follow."""

    x: str = Field(description="what is varied: a changed key, or a measure such as parameters")
    y: str = Field(description="what is measured, such as relative_l2 or rmse")
    groups: tuple[str, ...] = Field(
        default=(), description="changed keys; runs that differ in them are fitted apart"
    )
    law: Literal["power", "exponential"] = Field(
        default="power", description="power: y = a*x^-p; exponential: y = a*exp(-p*x)"
    )
    theory: Mapping[str, Quantity] = Field(
        default={}, description="exponents p to compare with, such as {cubic splines: 4}"
    )


class Budget(FilePart):
    """How much time may be spent."""

    run: Positive | None = Field(default=None, description="the longest that a run may take [s]")
    sweep: Positive | None = Field(default=None, description="after it no run is started [s]")


Fits = Annotated[
    Annotated[FitRequest, Tag("<one>")]
    | Annotated[Annotated[tuple[FitRequest, ...], Field(min_length=1)], Tag("<many>")],
    ONE_OR_MANY,
]


class Sweep(FilePart):
    """A sweep file: a base, what is changed in it from run to run, and what is to be learned."""

    name: FolderName = "sweep"
    title: Title = ""
    source: str = Field(default="", description="where the question comes from")
    description: Description = ""
    problem: str | None = Field(default=None, description="the problem file that runs start from")
    function: Function | None = Field(
        default=None, description="a function to approximate, in place of a problem"
    )
    settings: Mapping[str, object] = Field(
        default={}, description="changes that hold for all runs, by dotted key"
    )
    crossed: Mapping[str, Values] = Field(
        default={}, description="values by dotted key; every combination of them is a run"
    )
    zipped: Mapping[str, Values] = Field(
        default={}, description="values by dotted key; the first of each go together, and so on"
    )
    listed: tuple[Mapping[str, object], ...] = Field(
        default=(), description="changes that go together, an entry each"
    )
    fit: Fits | None = Field(default=None, description="the law to fit, or a list of them")
    budget: Budget = Field(default=Budget(), description="how much time may be spent")

    @property
    def fits(self) -> tuple[FitRequest, ...]:
        """All laws to fit."""
        return (self.fit,) if isinstance(self.fit, FitRequest) else self.fit or ()
