"""The values of a problem file, frozen and checked one by one.

What only makes sense together (names in formulas, faces of the box) is checked in `formulas`. A
setting that is None was left out of the file: pikan chooses it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    Tag,
    model_validator,
)

from pikan.sampling.registry import METHODS
from pikan.spec.faults import Origin
from pikan.spec.functional_settings import FunctionalSettings
from pikan.spec.known_solutions import Exact, ReferenceSettings
from pikan.spec.names import LONGEST, usable
from pikan.spec.networks import Network
from pikan.spec.parts import ONE_OR_MANY, Counts, FilePart, Positive
from pikan.spec.piece_settings import Constant
from pikan.spec.shapes import Shapes
from pikan.spec.stages.registry import Stage
from pikan.spec.values import (
    Bytes,
    Formula,
    Number,
    Quantity,
    ValidationContext,
    Whole,
    quote_value,
    tagged_union,
    validation_fault,
)

if TYPE_CHECKING:
    Method = str
else:
    Method = Literal[tuple(METHODS)]

# Relative errors below are those of rounding, whatever is done.
ROUNDING = 1e-15
DEVICE = r"^(cpu|cuda(:[0-9]+)?|mps|xpu(:[0-9]+)?)$"


def _folder_name(name: str) -> str:
    if not usable(name):
        raise validation_fault(
            f"got {quote_value(name)}, needs text that can name a folder: at most {LONGEST} "
            "bytes, none "
            'of " * / : < > ? \\ |, no dot and no space first or last, no name of a device as CON'
        )
    return name


FolderName = Annotated[
    str,
    AfterValidator(_folder_name),
    Field(description="names the folder of results; the name of the file if left out"),
]
Caption = Annotated[str, Field(min_length=1, max_length=60)]
Title = Annotated[str, Field(description="one line for tables and figures")]
Description = Annotated[str, Field(description="what there is to know about it")]


class Where(FilePart):
    """What holds at some place on the edge of the domain."""

    where: Annotated[
        Annotated[str, Tag("<one>")]
        | Annotated[Annotated[tuple[str, ...], Field(min_length=1)], Tag("<many>")],
        ONE_OR_MANY,
    ] = Field(
        description="a place such as 't = 0', 'boundary' or 'x = 0, y = 0', or a list of places"
    )
    only: (
        Annotated[
            Annotated[Formula, Tag("<one>")] | Annotated[tuple[Formula, ...], Tag("<many>")],
            ONE_OR_MANY,
        ]
        | None
    ) = Field(
        default=None,
        alias="for",
        description="the part of it that is meant, as x < 0, or a list of such",
    )
    that: Formula = Field(
        description="what holds there, such as 'u = sin(pi*x)', 'u_x = 0' or 'u + 2*u_n = 1'"
    )


class Repeats(FilePart):
    """The solution goes on periodically along a coordinate."""

    periodic: str = Field(description="the coordinate at whose two ends the solution is the same")


Condition = Annotated[
    Annotated[Where, Tag("<where>")] | Annotated[Repeats, Tag("<periodic>")],
    tagged_union(
        lambda given: "<periodic>" if "periodic" in given else "<where>",
        needs="{where: a place, that: a formula} or {periodic: a coordinate}",
    ),
]


class UnknownSettings(FilePart):
    """A constant or a function to be found from data."""

    guess: Number | None = Field(
        default=None,
        description="where the search begins, a number or a formula; a constant needs it",
    )
    range: tuple[Number, Number] | None = Field(
        default=None, description="between which values it lies, the lower one first"
    )
    scale: Literal["linear", "log"] = Field(
        default="linear", description="log for a positive constant known to within decades"
    )
    positive: bool = Field(
        default=False, description="of a function of coordinates: its logarithm is what varies"
    )
    degree: Annotated[int, Field(ge=1, le=12)] | None = Field(
        default=None, description="of a function of unknowns: its degree in each of them"
    )
    formula: bool = Field(
        default=False, description="of a function of unknowns: read it as a sum of few products"
    )


Unknown = Annotated[
    UnknownSettings,
    BeforeValidator(
        lambda given: {"guess": given} if isinstance(given, int | float | str) else given
    ),
]


class FaceEnergy(FilePart):
    """An energy on some faces, such as the work of a force there."""

    over: Annotated[
        Annotated[str, Tag("<one>")]
        | Annotated[Annotated[tuple[str, ...], Field(min_length=1)], Tag("<many>")],
        ONE_OR_MANY,
    ] = Field(description="a place such as 'x = 4' or 'boundary', or a list of places")
    of: Formula = Field(description="the density there, such as -q*u")


class ParameterSettings(FilePart):
    """A number that the solution is wanted for all values of."""

    between: tuple[Number, Number] = Field(
        description="between which values it lies, the lower one first"
    )
    scale: Literal["linear", "log"] | None = Field(
        default=None,
        description="what polynomials are made of; log if left out where it is positive and goes "
        "over a decade or more",
    )


def _interval(given: object) -> object:
    if isinstance(given, tuple):
        return {"between": given}
    if not isinstance(given, Mapping):
        raise validation_fault(f"got {quote_value(given)}, needs an interval such as [0.01, 1]")
    return given


Varied = Annotated[ParameterSettings, BeforeValidator(_interval)]


class DiscoverySettings(FilePart):
    """An equation whose terms are chosen from candidates by data."""

    left: Formula = Field(description="what the terms add up to, such as u_t or u_tt")
    candidates: tuple[Formula, ...] = Field(
        min_length=1, description="what may be a term, as [u, u*u_x, u_xx, u_xxx]; 20 at most"
    )
    at_most: Annotated[Whole, Field(ge=1, le=6)] = Field(
        default=4, description="the most terms that are taken"
    )


class DataSettings(FilePart):
    """Measured values, in a file beside the problem file."""

    file: str = Field(description="an .npz, .mat, .csv or .h5 file in the folder of this file")
    coordinates: Mapping[str, str] = Field(
        default={},
        description="for each coordinate the name of its column; its own name if left out",
    )
    unknowns: Mapping[str, str] = Field(
        default={}, description="for each unknown that was measured the name of its column"
    )
    observed: Mapping[str, Formula] = Field(
        default={},
        description="for columns that hold something else, its formula, as {q: -k*u_x}",
    )
    noise: Number | None = Field(
        default=None,
        description="the standard deviation of the values: a number, '1 %' of their own standard "
        "deviation, or the name of a column; estimated if left out",
    )


class PointSettings(FilePart):
    """How a set of points is drawn."""

    method: Method | None = Field(default=None, description="how points are spread")
    points: Counts | None = Field(
        default=None, description="how many, or a list with the number along each coordinate"
    )


class Sampling(FilePart):
    """Where equations and conditions are asked to hold."""

    interior: PointSettings = Field(default=PointSettings(), description="points of the equations")
    faces: PointSettings = Field(default=PointSettings(), description="points of each condition")


class Spec(FilePart):
    """A problem file: the equation first, then whatever pikan is not to choose by itself."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["domain"]}, {"required": ["region"]}]}
    )

    name: FolderName = "problem"
    title: Title = ""
    source: str = Field(default="", description="where the problem comes from")
    description: Description = ""
    domain: Mapping[str, tuple[Number, Number]] = Field(
        default={},
        max_length=100,
        description="an interval for each coordinate, such as {x: [-1, 1]}; t is time",
    )
    region: Shapes | None = Field(
        default=None,
        description="a shape of the plane or of space, such as {disc: {center: [0, 0], radius: 1}}",
    )
    without: Shapes | None = Field(
        default=None, description="shapes that are taken away from the domain or the region"
    )
    within: Shapes | None = Field(
        default=None, description="shapes that the domain or the region is cut down to"
    )
    singular: Literal["none"] | None = Field(
        default=None, description="none leaves out the singular functions at corners and in holes"
    )
    coordinates: Annotated[tuple[str, ...], Field(min_length=2, max_length=3)] | None = Field(
        default=None, description="the coordinates of the region; [x, y] or [x, y, z] if left out"
    )
    label: Mapping[str, Caption] = Field(
        default={},
        description="what figures write for a coordinate or an unknown: {theta: '$\\theta$'}",
    )
    unit: Mapping[str, Caption] = Field(
        default={},
        description="units of coordinates and unknowns, for figures and tables: {x: m, u: K}",
    )
    shapes: Mapping[str, Shapes] = Field(
        default={},
        max_length=100,
        description="shapes by name, for pieces: {inner: {disc: {center: [0, 0], radius: 0.5}}}",
    )
    constants: Mapping[str, Constant] = Field(
        default={},
        max_length=1000,
        description="numbers with names; formulas may use the ones before; materials have a value "
        "for each piece: {a: {pieces: {inner: 1, else: 100}}}",
    )
    parameters: Mapping[str, Varied] = Field(
        default={},
        max_length=6,
        description="numbers that the solution is wanted for all values of: {nu: [0.01, 1]}, or "
        "{nu: {between: [0.01, 1], scale: log}}",
    )
    unknowns: tuple[str, ...] = Field(
        min_length=1,
        max_length=100,
        description="the names of the functions to be found, such as [u]",
    )
    energy: Formula | None = Field(
        default=None,
        description="a density whose integral is minimized, instead of equations: 0.5*u_x^2 - f*u",
    )
    energies: tuple[FaceEnergy, ...] = Field(
        default=(),
        max_length=100,
        description="densities on faces, added to the energy: [{over: x = 4, of: 5*v}]",
    )
    constraints: tuple[Formula, ...] = Field(
        default=(),
        max_length=100,
        description="bounds of unknowns where an energy is minimized: [u >= 1 - x^2]",
    )
    equations: tuple[Formula, ...] = Field(
        default=(),
        max_length=100,
        json_schema_extra={"minItems": 1},
        description="such as 'u_t + u*u_x = nu*u_xx'; subscripts are derivatives",
    )
    conditions: tuple[Condition, ...] = Field(
        default=(),
        max_length=200,
        json_schema_extra={"minItems": 1},
        description="what holds on the edge, such as {where: x = 0, that: u = 0} or {periodic: x}",
    )
    quantities: Mapping[Caption, FunctionalSettings] = Field(
        default={},
        max_length=100,
        description="numbers wanted of the solution: {mass: {integral: u, over: region}}, "
        "{tip: {value: u, at: {x: 0.5, y: 0}}}, {peak: {maximum: u}}",
    )
    exact: Exact | None = Field(
        default=None, description="the solution where it is known, a formula for each unknown"
    )
    reference: ReferenceSettings | None = Field(default=None, description="data to compare with")
    find: Mapping[str, Unknown] = Field(
        default={},
        max_length=100,
        description="constants and functions to be found from data: {nu: 0.1}, "
        "{nu: {guess: 0.1, range: [0, 1]}}, {a(x, y): {positive: true}}, {r(u): {}}",
    )
    discover: tuple[DiscoverySettings, ...] = Field(
        default=(),
        max_length=20,
        description="equations to be discovered: {left: u_t, candidates: [u, u*u_x, u_xx]}",
    )
    data: tuple[DataSettings, ...] = Field(
        default=(),
        max_length=100,
        description="measured values, such as {file: sensors.csv, unknowns: {u: u}, noise: 1 %}",
    )
    forecast: Mapping[str, Number] = Field(
        default={},
        max_length=1,
        description="until when the equations that are found are solved on, as {t: 14}",
    )
    weights: Mapping[str, Positive] = Field(
        default={}, description="how much 'equation', 'conditions' or one of them by label counts"
    )
    accuracy: Annotated[Quantity, Field(ge=ROUNDING, lt=1)] | None = Field(
        default=None, description="the relative L2 error to be reached"
    )
    time_limit: Positive | None = Field(default=None, description="the longest training [s]")
    memory: Annotated[Bytes, Field(ge=10_000_000, le=10**15)] | None = Field(
        default=None,
        description="the most that training may take, such as 500 MB; 4 GB if left out",
    )
    network: Network | None = Field(default=None, description="the network that is trained")
    sampling: Sampling | None = Field(
        default=None, description="where the problem is asked to hold"
    )
    training: Annotated[tuple[Stage, ...], Field(min_length=1)] | None = Field(
        default=None, description="stages in their order, such as - adam: {steps: 1000}"
    )
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = Field(
        default=0, description="where the random numbers start"
    )
    dtype: Literal["float64", "float32"] = Field(default="float64", description="the precision")
    device: str = Field(
        default="cpu",
        pattern=DEVICE,
        description="where to compute: cpu, cuda, cuda:1, mps or xpu",
    )

    _origin: Origin = PrivateAttr(default=Origin())

    @model_validator(mode="before")
    @classmethod
    def _without_equations(cls, given: object) -> object:
        """Equations may be left out where they are to be discovered."""
        if isinstance(given, Mapping) and "discover" in given:
            return {"equations": (), **given}
        return given

    def model_post_init(self, context: object) -> None:
        """Keeps where the values were written, if the reader says so."""
        if isinstance(context, ValidationContext):
            self._origin = context.origin

    @property
    def origin(self) -> Origin:
        """Where the values were written, for whoever finds a fault in them."""
        return self._origin
