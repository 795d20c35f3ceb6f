"""The values of a problem file, frozen and checked one by one.

What only makes sense together (names in formulas, faces of the box) is checked in `formulas`. A
setting that is None was left out of the file: pikan chooses it.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
)

from pikan.expression.wording import word_list
from pikan.spec.faults import Origin
from pikan.spec.names import LONGEST, usable
from pikan.spec.values import (
    Basis,
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

Weighting = Literal["none", "balance", "attention", "causal"]
Method = Literal["uniform", "sobol", "halton", "latin_hypercube", "tensor", "chebyshev", "gauss"]

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
Title = Annotated[str, Field(description="one line for tables and figures")]
Description = Annotated[str, Field(description="what there is to know about it")]
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


class Where(FilePart):
    """What holds at some place on the edge of the domain."""

    where: Annotated[
        Annotated[str, Tag("<one>")]
        | Annotated[Annotated[tuple[str, ...], Field(min_length=1)], Tag("<many>")],
        ONE_OR_MANY,
    ] = Field(
        description="a place such as 't = 0', 'boundary' or 'x = 0, y = 0', or a list of places"
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


class UnknownSettings(FilePart):
    """A constant to be found from data."""

    guess: Number = Field(description="where the search begins, a number or a formula")
    range: tuple[Number, Number] | None = Field(
        default=None, description="between which values it lies, the lower one first"
    )
    scale: Literal["linear", "log"] = Field(
        default="linear", description="log for a positive constant known to within decades"
    )


Unknown = Annotated[
    UnknownSettings,
    BeforeValidator(
        lambda given: {"guess": given} if isinstance(given, int | float | str) else given
    ),
]


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
    start: Literal["random", "ridge"] | None = Field(
        default=None, description="random, or ridge: fixed directions spread over the circle"
    )
    squash: Literal["tanh", "none"] | None = Field(
        default=None, description="what keeps hidden values inside the grid"
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
    windows: Edges | None = Field(
        default=None, description="how many windows in t follow each other, or their edges"
    )


class MLPSettings(FilePart):
    """A network of tanh neurons, the baseline."""

    kind: Literal["mlp"] = Field(description="mlp: tanh neurons, the baseline")
    width: Annotated[tuple[Count, ...], Field(min_length=2)] | None = Field(
        default=None, description="neurons of each layer, coordinates first, unknowns last"
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


class AdamSettings(FilePart):
    """Adam (Kingma, Ba 2015)."""

    steps: Count = Field(default=1000, description="how many steps")
    lr: Positive = Field(default=1e-3, le=1e6, description="the learning rate")
    schedule: Literal["constant", "cosine", "exponential", "warmup_cosine"] = Field(
        default="constant", description="how the learning rate changes"
    )
    weights: Weighting = Field(default="none", description="how blocks are balanced meanwhile")


class LBFGSSettings(FilePart):
    """L-BFGS with a strong Wolfe line search."""

    steps: Count = Field(default=1000, description="the most steps")
    memory: Count | None = Field(default=None, description="how many steps are remembered")
    tolerance: NotNegative | None = Field(default=None, description="of the gradient, to stop at")
    weights: Weighting = Field(default="none", description="how blocks are balanced meanwhile")


class SSBroydenSettings(FilePart):
    """Self-scaled Broyden steps (Urbán, Stefanou, Pons 2025)."""

    steps: Count = Field(default=1000, description="the most steps")
    tolerance: NotNegative | None = Field(
        default=None, description="of the loss: the fall in ten steps to stop at"
    )


class LeastSquaresSettings(FilePart):
    """The last layer by linear least squares."""

    cutoff: Positive | None = Field(
        default=None, description="singular values below this part of the largest are dropped"
    )


class GaussNewtonSettings(FilePart):
    """Gauss-Newton with Levenberg-Marquardt damping on scaled columns."""

    steps: Count = Field(default=100, description="the most steps")
    damping: Positive | None = Field(default=None, description="at the start")
    tolerance: NotNegative | None = Field(default=None, description="of the step, to stop at")
    eliminate: bool = Field(
        default=False, description="whether the last layer is solved for at every point"
    )


class RefineSettings(FilePart):
    """The same function in a bigger network."""

    grid: Count | None = Field(default=None, description="the new number of spline cells")
    degree: Degree | None = Field(default=None, description="the new degree")
    rank: Count | None = Field(default=None, description="the new number of products")
    adapt: bool = Field(
        default=False,
        description="whether the bases of hidden layers move to where the values lie",
    )


class ResampleSettings(FilePart):
    """New points where the residual is large (RAD, Wu et al. 2023, Eq. 2)."""

    points: Count | None = Field(default=None, description="how many; as before if left out")
    k: NotNegative = Field(default=1.0, description="the exponent of the residual in the density")
    c: NotNegative = Field(default=1.0, description="what is added to the density everywhere")
    weighted: bool = Field(
        default=True,
        description="whether points count less where they are dense, as in a mean over the box",
    )


class IdentifySettings(FilePart):
    """Joint fits of fields and constants on finer and finer bases, until two of them agree."""

    steps: Count = Field(default=40, description="the most Gauss-Newton steps of a fit")
    largest: Count = Field(default=3000, description="the most coefficients of a basis")


class ClimbSettings(FilePart):
    """Levels of rising degree of a full product, until two of them agree to the accuracy."""

    steps: Count = Field(default=50, description="the most Newton steps of a level")
    largest: Count = Field(default=4500, description="the most coefficients of a level")


class MarchSettings(FilePart):
    """Windows in t of a full product, each as long and as fine as the accuracy asks."""

    steps: Count = Field(default=12, description="the most Newton steps of a window")
    largest: Count = Field(default=10000, description="the most coefficients of a window")


class ElementsSettings(FilePart):
    """Polynomials on cells, which are halved until two degrees agree to the accuracy."""

    points: Annotated[Whole, Field(ge=4, le=40)] = Field(
        default=10, description="collocation points in each cell"
    )
    largest: Count = Field(default=200_000, description="the most coefficients")
    accuracy: Annotated[Quantity, Field(gt=0, lt=1)] | None = Field(
        default=None, description="to be reached on cells; that of the file if left out"
    )


class AdamStage(FilePart):
    """A stage of Adam."""

    adam: AdamSettings = Field(description="Adam steps")


class LBFGSStage(FilePart):
    """A stage of L-BFGS."""

    lbfgs: LBFGSSettings = Field(description="L-BFGS steps")


class SSBroydenStage(FilePart):
    """A stage of self-scaled Broyden."""

    ssbroyden: SSBroydenSettings = Field(description="self-scaled Broyden steps")


class LeastSquaresStage(FilePart):
    """A stage of linear least squares."""

    least_squares: LeastSquaresSettings = Field(
        description="the last layer by linear least squares"
    )


class GaussNewtonStage(FilePart):
    """A stage of Gauss-Newton."""

    gauss_newton: GaussNewtonSettings = Field(description="Gauss-Newton steps")


class ClimbStage(FilePart):
    """A whole solution by rising degrees."""

    climb: ClimbSettings = Field(description="rising degrees until two levels agree")


class MarchStage(FilePart):
    """A whole solution by windows in time."""

    march: MarchSettings = Field(description="windows in t, marched twice until two marches agree")


class ElementsStage(FilePart):
    """A whole solution by polynomials on cells, alone or where a climb has failed."""

    elements: ElementsSettings = Field(
        description="polynomials on cells, halved until two degrees agree"
    )


class IdentifyStage(FilePart):
    """Constants found from data."""

    identify: IdentifySettings = Field(description="constants and fields from data, together")


class RefineStage(FilePart):
    """Growth of the network between stages."""

    refine: RefineSettings = Field(description="a bigger network with the same function")


class ResampleStage(FilePart):
    """New points between stages."""

    resample: ResampleSettings = Field(description="new points where the residual is large")


STAGES = (
    "adam",
    "lbfgs",
    "ssbroyden",
    "least_squares",
    "gauss_newton",
    "climb",
    "march",
    "elements",
    "identify",
    "refine",
    "resample",
)
Stage = Annotated[
    Annotated[AdamStage, Tag("<adam>")]
    | Annotated[LBFGSStage, Tag("<lbfgs>")]
    | Annotated[SSBroydenStage, Tag("<ssbroyden>")]
    | Annotated[LeastSquaresStage, Tag("<least_squares>")]
    | Annotated[GaussNewtonStage, Tag("<gauss_newton>")]
    | Annotated[ClimbStage, Tag("<climb>")]
    | Annotated[MarchStage, Tag("<march>")]
    | Annotated[ElementsStage, Tag("<elements>")]
    | Annotated[IdentifyStage, Tag("<identify>")]
    | Annotated[RefineStage, Tag("<refine>")]
    | Annotated[ResampleStage, Tag("<resample>")],
    tagged_union(
        lambda given: next((f"<{stage}>" for stage in STAGES if stage in given), None),
        needs=f"one of the stages {word_list(STAGES)}",
    ),
    BeforeValidator(lambda given: _with_settings(given)),
]


def _with_settings(given: object) -> object:
    """`- lbfgs` or `- lbfgs:` alone is a stage with all of its settings left out."""
    match given:
        case str() if given in STAGES:
            return {given: {}}
        case Mapping() if len(given) == 1 and set(given) <= set(STAGES):
            return {
                stage: {} if settings is None else settings for stage, settings in given.items()
            }
        case _:
            return given


class Spec(FilePart):
    """A problem file: the equation first, then whatever pikan is not to choose by itself."""

    name: FolderName = "problem"
    title: Title = ""
    source: str = Field(default="", description="where the problem comes from")
    description: Description = ""
    domain: Mapping[str, tuple[Number, Number]] = Field(
        min_length=1,
        max_length=100,
        description="an interval for each coordinate, such as {x: [-1, 1]}; t is time",
    )
    constants: Mapping[str, Number] = Field(
        default={},
        max_length=1000,
        description="numbers with names; formulas may use the ones before",
    )
    unknowns: tuple[str, ...] = Field(
        min_length=1,
        max_length=100,
        description="the names of the functions to be found, such as [u]",
    )
    equations: tuple[Formula, ...] = Field(
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
    exact: Exact | None = Field(
        default=None, description="the solution where it is known, a formula for each unknown"
    )
    reference: ReferenceSettings | None = Field(default=None, description="data to compare with")
    find: Mapping[str, Unknown] = Field(
        default={},
        max_length=100,
        description="constants to be found from data: {nu: 0.1}, or {nu: {guess: 0.1, "
        "range: [0, 1]}}",
    )
    data: tuple[DataSettings, ...] = Field(
        default=(),
        max_length=100,
        description="measured values, such as {file: sensors.csv, unknowns: {u: u}, noise: 1 %}",
    )
    weights: Mapping[str, Positive] = Field(
        default={}, description="how much 'equation', 'conditions' or one of them by label counts"
    )
    accuracy: Annotated[Quantity, Field(gt=0, lt=1)] | None = Field(
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

    def model_post_init(self, context: object) -> None:
        """Keeps where the values were written, if the reader says so."""
        if isinstance(context, ValidationContext):
            self._origin = context.origin

    @property
    def origin(self) -> Origin:
        """Where the values were written, for whoever finds a fault in them."""
        return self._origin
