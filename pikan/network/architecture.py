"""Architecture of a network as plain data and as a line of text: everything but its numbers."""

import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import prod
from reprlib import repr as brief
from typing import Annotated, Literal, TypeAlias, final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from pikan.bases.registry import ALL, family
from pikan.network.laurent import LaurentDegrees
from pikan.network.product import degree_shares
from pikan.network.width import node_count, sum_count

# A damaged or hostile text may ask for anything; these are far beyond what can be trained.
_MOST_NUMBERS = 10**8
_MOST_PARTS = 10**4
# Of more products than this those of total degree are not counted: there are at most all.
_LISTED = 10**7
_LONGEST_TEXT = 10**6

STRICT = ConfigDict(extra="forbid", strict=True)

FunctionName: TypeAlias = Literal["identity", "silu", "tanh"]
Whole: TypeAlias = Annotated[int, Field(ge=0, le=_MOST_NUMBERS)]
Count: TypeAlias = Annotated[int, Field(ge=1, le=_MOST_NUMBERS)]
_Order: TypeAlias = Annotated[int, Field(ge=0, le=20)]
_Series: TypeAlias = Annotated[int, Field(ge=0, le=1000)]


@final
class ArchitectureError(ValueError):
    """A text does not describe a network, or a network is beyond what such a text can say."""


@final
@dataclass(frozen=True)
class BasisArchitecture:
    """A basis by its word, its degree and how many knots each of its nodes has."""

    __pydantic_config__ = STRICT

    kind: str
    degree: Whole
    knots: Annotated[int, Field(ge=2, le=_MOST_NUMBERS)]

    def __post_init__(self) -> None:
        if self.knots > 2 and not family(self.kind, ALL).cells:
            raise ValueError(f"got {self.knots} knots, needs 2 for a basis without cells")

    @property
    def size(self) -> int:
        """How many functions a node has; what has no cells has one in this respect."""
        return self.knots - 1 + self.degree


_PARTS = Field(min_length=1, max_length=_MOST_PARTS)
Bases: TypeAlias = Annotated[tuple[BasisArchitecture, ...], _PARTS]


@final
@dataclass(frozen=True)
class KANArchitecture:
    """A `KANNetwork`; `base` and `squash` are names in `ACTIVATIONS`, or None where it has none.

    `inputs` are those of the `coordinates` that enter, and `formulas` the number of edges of each
    layer that hold one; `scaled` says whether the last nodes are scaled.
    """

    __pydantic_config__ = STRICT

    widths: Annotated[tuple[Count | tuple[Whole, Whole], ...], Field(max_length=_MOST_PARTS)]
    bases: Bases
    base: FunctionName | None
    squash: FunctionName | None
    coordinates: Count
    inputs: Annotated[tuple[Whole, ...], Field(max_length=_MOST_PARTS)]
    formulas: Annotated[tuple[Whole, ...], Field(max_length=_MOST_PARTS)]
    scaled: bool = False
    kind: Literal["kan"] = "kan"

    def __post_init__(self) -> None:
        layers = len(self.widths) - 1
        if not len(self.bases) == len(self.formulas) == layers:
            raise ValueError(f"got {len(self.bases)} bases for {layers} layers of edges")
        if not all(map(node_count, self.widths)) or not isinstance(self.widths[0], int):
            raise ValueError("got a layer without nodes, or products for coordinates")
        if len(set(self.inputs)) != self.widths[0] or max(self.inputs) >= self.coordinates:
            raise ValueError(f"got inputs that are not {self.widths[0]} of the coordinates")
        shapes = ((node_count(one), sum_count(two)) for one, two in pairwise(self.widths))
        if any(n > ins * outs for n, (ins, outs) in zip(self.formulas, shapes, strict=True)):
            raise ValueError("got more formulas than edges")


@final
@dataclass(frozen=True)
class FullProductArchitecture:
    """A `FullProduct`."""

    __pydantic_config__ = STRICT

    bases: Bases
    unknowns: Count
    kind: Literal["full product", "product of total degree"] = "full product"

    @property
    def products(self) -> int:
        """How many products there are, counted without listing those of a full product."""
        sizes = [basis.size for basis in self.bases]
        if self.kind == "full product" or prod(sizes) > _LISTED:
            return prod(sizes)
        return int((degree_shares([size - 1 for size in sizes]) <= 1.0).sum())


@final
@dataclass(frozen=True)
class SingularArchitecture:
    """A `FullProduct` of total degree with singular functions, and the degree beside these.

    `laurent` are the degrees of the series about so many `holes`.
    """

    __pydantic_config__ = STRICT

    bases: Bases
    unknowns: Count
    functions: Whole
    degree: Whole
    holes: Annotated[int, Field(ge=0, le=_MOST_PARTS)] = 0
    laurent: tuple[_Series, _Series, _Series, _Series] = (1, 0, 1, 0)
    kind: Literal["product with singular functions"] = "product with singular functions"


@final
@dataclass(frozen=True)
class CharacteristicArchitecture:
    """A `CharacteristicNetwork`; `time` is the axis of t."""

    __pydantic_config__ = STRICT

    bases: Annotated[tuple[BasisArchitecture, BasisArchitecture], _PARTS]
    unknowns: Count
    time: Literal[0, 1]
    kind: Literal["characteristic"] = "characteristic"

    @property
    def products(self) -> int:
        """How many products there are."""
        return prod(basis.size for basis in self.bases)


@final
@dataclass(frozen=True)
class LowRankArchitecture:
    """A `LowRank`."""

    __pydantic_config__ = STRICT

    bases: Bases
    rank: Count
    unknowns: Count
    kind: Literal["low rank"] = "low rank"


@final
@dataclass(frozen=True)
class ParametricArchitecture:
    """A `ParametricProduct`: the bases of its coordinates, then what its functions are made of.

    `sizes` are the rows, matrices and right sides of a reduced problem, none without one.
    """

    __pydantic_config__ = STRICT

    bases: Bases
    rank: Count
    unknowns: Count
    parameters: Annotated[int, Field(ge=1, le=100)]
    terms: Count
    functions: Literal["polynomial", "rational", "reduced"]
    kind: Literal["parametric"] = "parametric"
    sizes: tuple[Whole, Whole, Whole] = (0, 0, 0)
    negligible: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0

    def beside(self) -> int:
        """How many numbers the functions have beside the weights of their sums."""
        if self.functions != "reduced":
            return self.terms * (self.parameters if self.functions == "polynomial" else 2)
        rows, matrices, rights = self.sizes
        return matrices * (rows * self.rank + self.parameters) + rights * (rows + self.parameters)


@final
@dataclass(frozen=True)
class MLPArchitecture:
    """An `MLP`."""

    __pydantic_config__ = STRICT

    widths: Annotated[tuple[Count, ...], Field(min_length=2, max_length=_MOST_PARTS)]
    kind: Literal["mlp"] = "mlp"


PlainArchitecture: TypeAlias = (
    KANArchitecture
    | FullProductArchitecture
    | SingularArchitecture
    | LowRankArchitecture
    | CharacteristicArchitecture
    | ParametricArchitecture
    | MLPArchitecture
)


@final
@dataclass(frozen=True)
class TrialArchitecture:
    """A `TrialNetwork`: names of coordinates, and formulas of them, as texts.

    `factors` has for each unknown pairs: the orders of a partial, and what multiplies it.
    """

    __pydantic_config__ = STRICT

    network: Annotated[PlainArchitecture, Field(discriminator="kind")]
    coordinates: Annotated[tuple[str, ...], _PARTS]
    lifts: Annotated[tuple[str, ...], _PARTS]
    factors: Annotated[
        tuple[Annotated[tuple[tuple[tuple[_Order, ...], str], ...], _PARTS], ...], _PARTS
    ]
    periodic: Annotated[tuple[Whole, ...], Field(max_length=_MOST_PARTS)]
    kind: Literal["trial solution"] = "trial solution"

    def __post_init__(self) -> None:
        dimension, unknowns = ends(self.network)
        count = len(self.coordinates)
        if dimension != count + len(self.periodic) or len(set(self.coordinates)) != count:
            raise ValueError(f"got {count} coordinates for a network of {dimension}")
        if sorted(set(self.periodic)) != list(self.periodic) or max((0, *self.periodic)) >= count:
            raise ValueError("got periodic axes that are not those of coordinates, in their order")
        if not len(self.lifts) == len(self.factors) == unknowns:
            raise ValueError(f"got {len(self.lifts)} lifts for {unknowns} unknowns")
        if any(len(orders) != count for one in self.factors for orders, _ in one):
            raise ValueError("got orders that are not one for each coordinate")


SingleArchitecture: TypeAlias = PlainArchitecture | TrialArchitecture


@final
@dataclass(frozen=True)
class TimeSlabsArchitecture:
    """A `TimeSlabs`, whose networks need not be alike."""

    __pydantic_config__ = STRICT

    axis: Whole
    networks: Annotated[
        tuple[Annotated[SingleArchitecture, Field(discriminator="kind")], ...], _PARTS
    ]
    kind: Literal["windows"] = "windows"

    def __post_init__(self) -> None:
        if len({ends(network) for network in self.networks}) > 1:
            raise ValueError("got different ends, needs the same coordinates and unknowns")
        if self.axis >= ends(self.networks[0])[0]:
            raise ValueError(f"got axis {self.axis}, needs that of a coordinate")


@final
@dataclass(frozen=True)
class PiecesArchitecture:
    """A `PiecewiseProduct`; which regions its parts are of is for the problem to say."""

    __pydantic_config__ = STRICT

    parts: Annotated[
        tuple[
            Annotated[FullProductArchitecture | SingularArchitecture, Field(discriminator="kind")],
            ...,
        ],
        _PARTS,
    ]
    kind: Literal["pieces"] = "pieces"

    def __post_init__(self) -> None:
        if len({ends(part) for part in self.parts}) > 1:
            raise ValueError("got different ends, needs the same coordinates and unknowns")


Architecture: TypeAlias = SingleArchitecture | TimeSlabsArchitecture | PiecesArchitecture
_READER = TypeAdapter[Architecture](Annotated[Architecture, Field(discriminator="kind")])


def text(plan: Architecture) -> str:
    """The architecture as one line of JSON.

    >>> text(MLPArchitecture((2, 8, 1)))
    '{"widths":[2,8,1],"kind":"mlp"}'
    """
    return json.dumps(asdict(plan), separators=(",", ":"))


def from_text(given: str, most: int = _MOST_NUMBERS) -> Architecture:
    """The architecture in a text of `text`'s; ArchitectureError for more than `most` numbers."""
    if len(given) > _LONGEST_TEXT:
        raise ArchitectureError(
            f"shape: got {len(given)} characters, needs at most {_LONGEST_TEXT}"
        )
    try:
        plan = _READER.validate_json(given)
    except ValidationError as faults:
        fault = faults.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, fault["loc"])) or "network"
        what = fault["msg"].removeprefix("Value error, ")
        said = f"shape: {where:.60}: got {brief(fault['input']):.80}: {what:.150}"
        raise ArchitectureError(" ".join(said.split())) from None
    if count(plan) > most:
        raise ArchitectureError(f"shape: got a network of more than {most} numbers, needs fewer")
    return plan


def ends(plan: Architecture) -> tuple[int, int]:
    """The numbers of coordinates and of unknowns.

    >>> ends(MLPArchitecture((2, 8, 1)))
    (2, 1)
    """
    match plan:
        case KANArchitecture():
            return plan.coordinates, node_count(plan.widths[-1])
        case MLPArchitecture(widths=widths):
            return widths[0], widths[-1]
        case (
            FullProductArchitecture()
            | LowRankArchitecture()
            | SingularArchitecture()
            | CharacteristicArchitecture()
        ):
            return len(plan.bases), plan.unknowns
        case ParametricArchitecture():
            return len(plan.bases) + plan.parameters, plan.unknowns
        case TrialArchitecture(coordinates=coordinates, lifts=lifts):
            return len(coordinates), len(lifts)
        case TimeSlabsArchitecture():
            return ends(plan.networks[0])
        case PiecesArchitecture():
            return ends(plan.parts[0])


def count(plan: Architecture) -> int:
    """How many numbers the network has, its parameters and its buffers.

    >>> count(MLPArchitecture((2, 8, 1)))
    37
    """
    beside = 2 * ends(plan)[0]
    match plan:
        case KANArchitecture(widths=widths):
            # Of a formula: its place, its kind, how well it fitted, and four numbers.
            beside += 8 * sum(plan.formulas) + 2 * plan.scaled * node_count(widths[-1])
            return beside + sum(
                node_count(before)
                * (basis.knots + (basis.size + (plan.base is not None) + 1) * sum_count(after))
                for (before, after), basis in zip(pairwise(widths), plan.bases, strict=True)
            )
        case FullProductArchitecture(bases=bases) | CharacteristicArchitecture(bases=bases):
            # A box of its own and a speed.
            beside += 5 * isinstance(plan, CharacteristicArchitecture)
            own = sum(b.knots for b in bases) + plan.products * plan.unknowns
        case SingularArchitecture(bases=bases, functions=functions, degree=degree, holes=holes):
            polynomials = FullProductArchitecture(bases, 1, "product of total degree").products
            size = polynomials + functions * (degree + 1) * (degree + 2)
            if holes:
                size += LaurentDegrees(*plan.laurent).size(holes)
                beside += 5 * holes + 4
            own = sum(b.knots for b in bases) + size * plan.unknowns + 6 * functions
        case LowRankArchitecture(bases=bases, rank=rank):
            own = sum(b.knots + b.size * rank for b in bases) + rank * plan.unknowns
        case ParametricArchitecture(bases=bases, rank=rank, terms=terms, parameters=parameters):
            own = sum(b.knots for b in bases) + prod(b.size for b in bases) * plan.unknowns * rank
            # Beside its own box, that of the fields, and what its functions are of.
            own += 2 * len(bases) + 3 * parameters
            own += terms * rank + plan.beside()
        case MLPArchitecture(widths=widths):
            own = sum((before + 1) * after for before, after in pairwise(widths))
        case TrialArchitecture(network=network):
            own = count(network)
        case TimeSlabsArchitecture(networks=parts) | PiecesArchitecture(parts=parts):
            edges = len(parts) + 1 if isinstance(plan, TimeSlabsArchitecture) else 0
            own = sum(map(count, parts)) + edges
    return beside + own
