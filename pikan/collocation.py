"""From a network and the formulas that must vanish to r(theta) and its Jacobian."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, groupby, pairwise
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from pikan.bases.evaluation import Context
from pikan.jet import Jet, MultiIndex, closure, coordinates
from pikan.network.base import FeatureNetwork, Network
from pikan.network.kan import KAN
from pikan.network.parameters import flat, last_layer, unflat
from pikan.network.prepared import finished, prepared
from pikan.network.traces import by_weights, traces
from pikan.objective import Block, Objective
from pikan.residuals import Partials, Sheet

# Two numbers of points of each sheet that show together what one of them takes.
_PROBED = 4, 12
# All that is in memory at the worst moment, in parts of what is kept for the way back, as measured.
_BESIDE = 4

Weights = Mapping[str, float]

Features = tuple[Mapping[MultiIndex, Float[Tensor, "n q"]], ...]
Answers = Sequence[Mapping[MultiIndex, Float[Tensor, "_ m"]]]


def blocks(sheets: Sequence[Sheet], time: int | None) -> tuple[Block, ...]:
    """Which rows of r belong to which name; sheets of one label stand side by side."""
    found: list[Block] = []
    start = 0
    for label, group in groupby(sheets, key=lambda sheet: sheet.label):
        points = torch.cat([sheet.places[0] for sheet in group])
        times = None if time is None else points[:, time]
        found.append(Block(label, slice(start, start + len(points)), times))
        start += len(points)
    return tuple(found)


def row_counts(sheets: Sequence[Sheet]) -> Mapping[str, int]:
    """How many rows bear each label."""
    counts: dict[str, int] = {}
    for sheet in sheets:
        counts[sheet.label] = counts.get(sheet.label, 0) + len(sheet.places[0])
    return counts


def row_factors(sheets: Sequence[Sheet], weights: Weights) -> list[float]:
    """The factor of each sheet's rows that makes |r|^2 a weighted sum of mean squares."""
    counts = row_counts(sheets)
    return [(weights.get(sheet.label, 1.0) / counts[sheet.label]) ** 0.5 for sheet in sheets]


def balanced_weights(sheets: Sequence[Sheet], network: FeatureNetwork) -> Weights:
    """The weights under which every label's rows of the design have the same mean length.

    High derivatives of high degrees are large: without this the equation would drown its
    conditions, and one equation another. Taken at the network's coefficients as they are.
    """
    squares: list[float] = []
    with torch.no_grad():
        for sheet in sheets:
            features = _features(sheet, network)
            design = _design(sheet, features, _combined(features, network.coefficients))
            squares.append(float(design.square().sum()))
    return balanced(sheets, squares)


def balanced(sheets: Sequence[Sheet], squares: Sequence[float]) -> Weights:
    """The weights that make equal the mean squares of rows, from the sums over each sheet's."""
    sums: dict[str, float] = {}
    for sheet, square in zip(sheets, squares, strict=True):
        sums[sheet.label] = sums.get(sheet.label, 0.0) + square
    counts = row_counts(sheets)
    return {
        label: counts[label] ** 2 / total if total > 0 else 1.0 for label, total in sums.items()
    }


def features_size(sheets: Sequence[Sheet], network: FeatureNetwork) -> int:
    """What all features take that `last_layer_objective` makes [bytes]."""
    rows = sum(
        len(points) * len(closure(sheet.wanted(place)))
        for sheet in sheets
        for place, points in enumerate(sheet.places)
    )
    return rows * len(network.coefficients) * network.coefficients.element_size()


def last_layer_objective(
    sheets: Sequence[Sheet], network: FeatureNetwork, weights: Weights, *, linear: bool
) -> Objective:
    """r as a function of the last layer's coefficients alone; the features are made once.

    `linear` says that every formula is affine in the unknowns. Memory: one dense matrix of
    rows by features for each partial derivative in use.
    """
    factors = row_factors(sheets, weights)
    with torch.no_grad():
        features = [_features(sheet, network) for sheet in sheets]
    shape = network.coefficients.shape

    def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        coefficients = theta.view(shape)
        return torch.cat(
            [
                factor * sheet.residual(_combined(made, coefficients))
                for sheet, made, factor in zip(sheets, features, factors, strict=True)
            ]
        )

    def jacobian(theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        coefficients = theta.detach().view(shape)
        return torch.cat(
            [
                factor * _design(sheet, made, _combined(made, coefficients))
                for sheet, made, factor in zip(sheets, features, factors, strict=True)
            ]
        )

    return Objective(residual, jacobian, blocks(sheets, None), slice(0, shape.numel()), linear)


def network_objective(
    sheets: Sequence[Sheet],
    network: Network,
    weights: Weights,
    *,
    linear: bool,
    time: int | None,
    memory: int,
) -> Objective:
    """r as a function of all parameters of the network, in the order of `parameters.flat`.

    Beside r, θ and the points no evaluation takes more than about `memory` bytes: where all rows
    at once would, chunks of them are made one after the other, and once more for a gradient.
    """
    factors = row_factors(sheets, weights)
    parts = chunks(sheets, factors, memory // _bytes_per_point(sheets, network))
    rows = _rows(network, *parts[0]) if len(parts) == 1 else _in_parts(network, parts)
    ends = last_layer(network) if isinstance(network, FeatureNetwork) else None
    return Objective(rows.residual, rows.jacobian, blocks(sheets, time), ends, linear)


class Chunk(NamedTuple):
    """Some rows of r: pieces of sheets, and the factor of each."""

    sheets: tuple[Sheet, ...]
    factors: tuple[float, ...]


def chunks(sheets: Sequence[Sheet], factors: Sequence[float], points: int) -> tuple[Chunk, ...]:
    """The rows of all sheets in their order, in as few chunks of at most `points` as there may be.

    A row that needs two places counts as two points; every chunk has a row at least.
    """
    found: list[Chunk] = []
    room = 0
    for sheet, factor in zip(sheets, factors, strict=True):
        start, rows, each = 0, len(sheet.places[0]), len(sheet.places)
        while start < rows:
            if room < each:
                found.append(Chunk((), ()))
                room = max(points, each)
            stop = min(rows, start + room // each)
            piece = sheet if stop - start == rows else sheet.rows(slice(start, stop))
            last = found[-1]
            found[-1] = Chunk((*last.sheets, piece), (*last.factors, factor))
            room -= (stop - start) * each
            start = stop
    return tuple(found)


def _bytes_per_point(sheets: Sequence[Sheet], network: Network) -> int:
    """About what evaluating r takes for each point, with what is kept for the way back [bytes]."""
    (few, least), (more, most) = (_kept(sheets, network, count) for count in _PROBED)
    return max(1, _BESIDE * (most - least) // max(1, more - few))


def _kept(sheets: Sequence[Sheet], network: Network, count: int) -> tuple[int, int]:
    """How many points `count` of each sheet are, and what is kept for their way back [bytes]."""
    some = [sheet.rows(slice(count)) for sheet in sheets]
    kept: dict[int, int] = {}

    def noted(tensor: Tensor) -> Tensor:
        # Whole or as views, what is kept several times lies in memory once.
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    theta = flat(network).requires_grad_()
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(noted, lambda saved: saved):
        rows = _rows(network, some, [1.0] * len(some)).residual(theta)
    del rows
    return sum(len(place) for sheet in some for place in sheet.places), sum(kept.values())


class _Rows(NamedTuple):
    """Some rows of r as a function of θ, and their Jacobian."""

    residual: Callable[[Float[Tensor, " p"]], Float[Tensor, " r"]]
    jacobian: Callable[[Float[Tensor, " p"]], Float[Tensor, "r p"]]


@final
class _MadeAgain(torch.autograd.Function):
    """The rows of a chunk as one step of autograd, whose way back makes them once more.

    torch's own checkpoints keep the graph of every chunk, which is larger than its rows.
    """

    @staticmethod
    def forward(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        ctx: Context, theta: Float[Tensor, " p"], network: Network, part: Chunk
    ) -> Float[Tensor, " n"]:
        ctx.save_for_backward(theta)
        ctx.network, ctx.part = network, part
        return _rows(network, *part).residual(theta)

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        ctx: Context, gradient: Float[Tensor, " n"]
    ) -> tuple[Float[Tensor, " p"], None, None]:
        (theta,) = ctx.saved_tensors
        with torch.enable_grad():
            moving = theta.detach().requires_grad_()
            rows = _rows(ctx.network, *ctx.part).residual(moving)
            return torch.autograd.grad(rows, moving, gradient)[0], None, None


def _made_again(theta: Float[Tensor, " p"], network: Network, part: Chunk) -> Float[Tensor, " n"]:
    """`apply` with types, which torch's own has none of."""
    rows: Tensor = _MadeAgain.apply(theta, network, part)
    return rows


def _in_parts(network: Network, parts: Sequence[Chunk]) -> _Rows:
    """The rows of all chunks, of which nothing is kept: the way back makes them once more."""

    def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        return torch.cat([_made_again(theta, network, part) for part in parts])

    def jacobian(theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        return torch.cat([_rows(network, *part).jacobian(theta) for part in parts])

    return _Rows(residual, jacobian)


def _rows(network: Network, sheets: Sequence[Sheet], factors: Sequence[float]) -> _Rows:
    """The rows of sheets; what follows from the points alone is made once, here."""
    with torch.no_grad():
        calls = _calls(sheets, network)

    def one_sheet(theta: Float[Tensor, " p"], sheet: Sheet) -> Float[Tensor, " n"]:
        values = unflat(network, theta)
        return sheet.residual(
            tuple(
                _called(network, values, _begun(network, points, sheet.wanted(place)))
                for place, points in enumerate(sheet.places)
            )
        )

    def assembled(found: Answers) -> Float[Tensor, " r"]:
        fields: list[list[Partials]] = [[{}] * len(sheet.places) for sheet in sheets]
        for call, answer in zip(calls, found, strict=True):
            for (sheet, place), rows in zip(call.places, call.rows, strict=True):
                fields[sheet][place] = {index: made[rows] for index, made in answer.items()}
        return torch.cat(
            [
                factor * sheet.residual(tuple(given))
                for sheet, given, factor in zip(sheets, fields, factors, strict=True)
            ]
        )

    def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        values = unflat(network, theta)
        return assembled([_called(network, values, call.begun) for call in calls])

    def jacobian(theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        theta = theta.detach()
        if isinstance(network, KAN):
            return _layer_by_layer(network, theta, calls, sheets, assembled)
        return torch.cat(
            [
                factor * _row_by_row(one_sheet, theta, sheet)
                for sheet, factor in zip(sheets, factors, strict=True)
            ]
        )

    return _Rows(residual, jacobian)


class _Call(NamedTuple):
    """All places, by sheet and place, at which the same partials are wanted, and what is known."""

    begun: Jet
    places: tuple[tuple[int, int], ...]
    rows: tuple[slice, ...]


def _calls(sheets: Sequence[Sheet], network: Network) -> tuple[_Call, ...]:
    """As few calls of a network as answer all sheets: each costs more than some points more do."""
    groups: dict[frozenset[MultiIndex], list[tuple[int, int]]] = {}
    for number, sheet in enumerate(sheets):
        for place in range(len(sheet.places)):
            groups.setdefault(sheet.wanted(place), []).append((number, place))
    return tuple(_call(sheets, network, wanted, places) for wanted, places in groups.items())


def _call(
    sheets: Sequence[Sheet],
    network: Network,
    wanted: frozenset[MultiIndex],
    places: list[tuple[int, int]],
) -> _Call:
    points = [sheets[number].places[place] for number, place in places]
    ends = list(accumulate(len(some) for some in points))
    rows = tuple(slice(start, end) for start, end in pairwise([0, *ends]))
    return _Call(_begun(network, torch.cat(points), wanted), tuple(places), rows)


def _begun(network: Network, points: Float[Tensor, "n d"], wanted: frozenset[MultiIndex]) -> Jet:
    """What the points lead to before any parameter has a say, the same in every step."""
    return prepared(network, coordinates(points, closure(wanted)))


def _features(sheet: Sheet, network: FeatureNetwork) -> Features:
    """The features at each place of a sheet, by partial derivative."""
    made: list[Mapping[MultiIndex, Float[Tensor, "n q"]]] = []
    for place, points in enumerate(sheet.places):
        jet = network.features(coordinates(points, closure(sheet.wanted(place))))
        made.append(dict(zip(jet.indices, jet.values, strict=True)))
    return tuple(made)


def _combined(features: Features, coefficients: Float[Tensor, "q m"]) -> tuple[Partials, ...]:
    """The unknowns' partial derivatives from the features'."""
    return tuple({index: made @ coefficients for index, made in at.items()} for at in features)


def _design(
    sheet: Sheet, features: Features, partials_now: tuple[Partials, ...]
) -> Float[Tensor, "n p"]:
    """The derivative of a sheet's residual with respect to the coefficients.

    sum over partials of dF/du_a times the features' partial derivative a; the columns run
    over features first and unknowns last, as the coefficients do.
    """
    columns = sheet.columns(partials_now)
    slopes = sheet.slopes(columns)
    unknowns = next(iter(partials_now[0].values())).shape[-1]
    rows, width = next(iter(features[0].values())).shape
    design = columns[next(iter(columns))].new_zeros(rows, width, unknowns)
    for name, slope in slopes.items():
        symbol = sheet.symbols[name]
        made = features[symbol.place][symbol.partial.orders]
        design[:, :, symbol.partial.unknown] += slope[:, None] * made
    return design.view(rows, width * unknowns)


@final
class _Jets(nn.Module):
    """A network called for its partial derivatives, so that torch.func can pass parameters in."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, begun: Jet) -> Partials:
        return _by_index(finished(self.network, begun))


def _called(network: Network, values: Mapping[str, Tensor], begun: Jet) -> Partials:
    """The partial derivatives of a network with the given parameters in place of its own."""
    named = {f"network.{name}": value for name, value in values.items()}
    return functional_call(_Jets(network), named, (begun,))


def _layer_by_layer(
    network: KAN,
    theta: Float[Tensor, " p"],
    calls: Sequence[_Call],
    sheets: Sequence[Sheet],
    assembled: Callable[[Answers], Float[Tensor, " r"]],
) -> Float[Tensor, "r p"]:
    """The Jacobian of all sheets by one backward pass, since rows depend on few points each.

    The gradient of the sum of all rows with respect to a layer's sums at a point holds what each
    row changes with them; a product with the layer's functions there makes it that row's
    derivative with respect to the weights. See `scripts/jacobian_cost.py` for what this spares.
    """
    weights = tuple(unflat(network, theta).values())
    with torch.enable_grad():
        traced = [traces(network, weights, call.begun) for call in calls]
        total = assembled([_by_index(found[-1].sums) for found in traced]).sum()
        sums = [trace.sums.values for found in traced for trace in found]
        gradients = iter(torch.autograd.grad(total, sums, materialize_grads=True))
    ends = list(accumulate((len(sheet.places[0]) for sheet in sheets), initial=0))
    jacobian = theta.new_zeros(ends[-1], len(theta))
    for call, found in zip(calls, traced, strict=True):
        layers = [by_weights(trace.functions.values, next(gradients)) for trace in found]
        block = torch.cat(layers, dim=1)
        for (sheet, _), rows in zip(call.places, call.rows, strict=True):
            jacobian[ends[sheet] : ends[sheet + 1]] += block[rows]
    return jacobian


def _by_index(jet: Jet) -> Partials:
    return dict(zip(jet.indices, jet.values, strict=True))


def _row_by_row(
    one_sheet: Callable[[Float[Tensor, " p"], Sheet], Float[Tensor, " n"]],
    theta: Float[Tensor, " p"],
    sheet: Sheet,
) -> Float[Tensor, "n p"]:
    """The Jacobian of a sheet, whose rows depend on one point each: one gradient per row."""
    columns = {name: value for name, value in sheet.known.items() if isinstance(value, Tensor)}

    def row(
        theta: Float[Tensor, " p"],
        places: tuple[Float[Tensor, " d"], ...],
        known: Mapping[str, Float[Tensor, ""]],
    ) -> Float[Tensor, ""]:
        alone = replace(
            sheet,
            places=tuple(point[None] for point in places),
            known={**sheet.known, **{name: value[None] for name, value in known.items()}},
        )
        return one_sheet(theta, alone).squeeze(0)

    return vmap(grad(row), in_dims=(None, 0, 0))(theta, sheet.places, columns)
