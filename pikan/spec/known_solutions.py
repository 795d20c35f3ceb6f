"""Settings of solutions that are known: formulas, the Cole-Hopf solution, a data file."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, Tag

from pikan.spec.parts import FilePart
from pikan.spec.values import Formula, Number, tagged_union


class ColeHopfSettings(FilePart):
    """The solution of u_t + u*u_x = nu*u_xx from an odd, periodic start, by quadrature."""

    nu: Number = Field(description="the viscosity, a number or a formula of constants")
    initial: Formula = Field(description="the start as a formula of x, such as -sin(pi*x)")


class NamedExact(FilePart):
    """An exact solution that is more than a formula, by its name."""

    burgers_cole_hopf: ColeHopfSettings = Field(
        description="the Cole-Hopf solution of Burgers' equation"
    )


Exact = Annotated[
    Annotated[NamedExact, Tag("<named>")]
    | Annotated[Annotated[Mapping[str, Formula], Field(min_length=1)], Tag("<formulas>")],
    tagged_union(
        lambda given: "<named>" if "burgers_cole_hopf" in given else "<formulas>",
        needs="a formula for each unknown, such as {u: sin(x)}",
    ),
]


class ReferenceSettings(FilePart):
    """A data file that holds a solution to compare with."""

    file: str = Field(description="an .npz, .mat, .csv or .h5 file in the folder of this file")
    coordinates: Mapping[str, str] = Field(
        description="for each coordinate the name of its column or array in the file"
    )
    unknowns: Mapping[str, str] = Field(
        min_length=1, description="for each unknown the name of its column or array in the file"
    )
