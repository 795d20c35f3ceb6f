"""Networks fitted afresh in new variables, which their first layers make of the coordinates."""

from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import pad

from pikan.bases.chebyshev import Chebyshev
from pikan.network.kan import KANNetwork, with_layers
from pikan.network.layer import Edges, Layer
from pikan.network.symbolic_edges import SymbolicEdge
from pikan.symbolic.changes_of_variables import (
    OUTER,
    SAME,
    ChangeOfVariables,
    OuterFunction,
    Sum,
    changes_of_variables,
    find_sums,
    possible_outer,
)
from pikan.symbolic.polynomial_fit import fit_polynomial
from pikan.symbolic.sparsify import intervals, polynomial_network, simplify, sparsify
from pikan.symbolic.topologies import quadratic_networks

# Points to fit to, and what networks of second degree may leave beyond what a polynomial leaves.
_POINTS, _NEAR, _NOTHING = 400, 10.0, 1e-9

Live = Sequence[Bool[Tensor, "_ _"]]


class _Frame(NamedTuple):
    """The layers about those that are fitted: formulas of the first ones, and of the last."""

    first: tuple[tuple[SymbolicEdge, ...], ...]
    last: tuple[SymbolicEdge, ...]

    def fits(self, live: Live) -> bool:
        """Whether a network has these edges, and a layer between them."""
        if len(self.first) + len(self.last) >= len(live):
            return False
        if self.last and live[-1].shape != (1, 1):
            return False
        return all(
            each.i < layer.shape[0] and each.j < layer.shape[1] and bool(layer[each.i, each.j])
            for layer, edges in zip(live, self.first, strict=False)
            for each in edges
        )

    def inner(self, live: Live, count: int) -> list[Bool[Tensor, "_ _"]]:
        """The edges that are fitted, of the `count` first nodes."""
        within = list(live[len(self.first) : len(live) - bool(self.last)])
        entering = torch.arange(len(within[0])).to(within[0].device) < count
        return [within[0] & entering.unsqueeze(1), *within[1:]]

    def around(self, fitted: KANNetwork, live: Live) -> KANNetwork:
        """The network with a fitted one in the middle."""
        layers = [_formulas(edges, layer) for edges, layer in zip(self.first, live, strict=False)]
        layers += [*fitted.layers()]
        layers += [_formulas(self.last, live[-1])] if self.last else []
        widths = [len(live[0]), *(layer.shape[1] for layer in live)]
        bases = [layer.edges.basis for layer in layers]
        whole = KANNetwork(widths, bases, [-1.0] * widths[0], [1.0] * widths[0])
        return with_layers(whole.to(layers[0].weight), layers)


def changed_networks(
    live: Live,
    points: Float[Tensor, "n d"],
    labels: Float[Tensor, " n"],
    names: Sequence[str],
    starts: int,
) -> Generator[KANNetwork, None, None]:
    """Networks with no more edges than `live`, the most promising first.

    First those of edges of second degree in variables in which the labels, or what an outermost
    function makes them of, are a polynomial. Then from as many starts as are given those of the
    sums that the labels depend on. Functions that change variables are among `names`.
    """
    if not starts:
        return
    alone = len(live) > 1 and live[-1].shape == (1, 1)
    outer = possible_outer(labels, names) if alone else [*OUTER[:1]]
    sums = find_sums(points, labels, outer, names)
    generator = torch.Generator().manual_seed(0)
    for change in changes_of_variables(points, labels, sums, outer, names):
        frame = _frame(change)
        if frame.fits(live):
            yield from _polynomial(frame, live, change, points, labels, generator)
    # The labels as they are in every other start, then what the smoothest function makes them of.
    _, *others = outer
    others.sort(key=lambda each: _roughness(points, labels, sums, each))
    for start in range(starts):
        turn, seed = (start % 2, start // 2) if others else (0, start)
        last = others[seed % len(others)] if turn else OUTER[0]
        change = ChangeOfVariables(sums, tuple(SAME for _ in sums), last, 0.0)
        frame = _frame(change)
        if not frame.fits(live):
            yield from sparsify(live, points, labels, seed)
            continue
        x, z = change.apply(points, labels)
        inputs = _pad_nodes(x, live[len(frame.first)])
        for network in sparsify(frame.inner(live, len(sums)), inputs, z, seed):
            yield frame.around(network, live)


def _roughness(
    points: Float[Tensor, "n d"],
    labels: Float[Tensor, " n"],
    sums: tuple[Sum, ...],
    outer: OuterFunction,
) -> float:
    """What a polynomial of these sums leaves of what a function makes the labels of."""
    x, z = ChangeOfVariables(sums, tuple(SAME for _ in sums), outer, 0.0).apply(points, labels)
    return fit_polynomial(x, z).error


def _polynomial(
    frame: _Frame,
    live: Live,
    change: ChangeOfVariables,
    points: Float[Tensor, "n d"],
    labels: Float[Tensor, " n"],
    generator: torch.Generator,
) -> Iterator[KANNetwork]:
    """The network of edges of second degree in new variables, if one is found."""
    new, z = change.apply(points, labels)
    inputs = _pad_nodes(new, live[len(frame.first)])
    rows = torch.randperm(len(points), generator=torch.Generator().manual_seed(0))[:_POINTS]
    low, high = intervals(inputs)
    x, y = (2 * inputs - low - high)[rows.to(z.device)] / (high - low), z[rows.to(z.device)]
    mean, spread = y.mean(), y.std()
    enough, y = _NEAR * change.error + _NOTHING, (y - mean) / spread
    within = frame.inner(live, len(change.sums))
    found = quadratic_networks(within, x, y, enough, generator)
    if found is not None:
        simple = simplify(found, x, y, max(3 * float(found.left), enough), (0, 1))
        network = polynomial_network(simple.batch, low, high, float(mean), float(spread))
        yield frame.around(network, live)


def _pad_nodes(new: Float[Tensor, "n _"], layer: Bool[Tensor, "in out"]) -> Float[Tensor, "n in"]:
    """The new variables and zeros, as many as a layer has nodes."""
    return pad(new, (0, len(layer) - new.shape[1]))


def _frame(change: ChangeOfVariables) -> _Frame:
    """The layers that change variables, sums first, and the one of the outermost function."""
    several = [len(each.places) > 1 for each in change.sums]
    first, second = list[SymbolicEdge](), list[SymbolicEdge]()
    for j, (each, function) in enumerate(zip(change.sums, change.inner, strict=True)):
        name = "log" if each.logarithms else "x"
        own = _edge(each.places[0], j, function.name, function.a, function.b)
        if several[j]:
            first += [_edge(i, j, name, c=each.factors[i]) for i in each.places]
            second.append(own._replace(i=j))
        else:
            first.append(own)
            second.append(_edge(j, j, "x"))
    changed = any(edge.name != "x" for edge in second)
    needed = any(several) or any(edge.name != "x" for edge in first)
    layers = [tuple(first)] * needed + [tuple(second)] * changed
    outer = change.outer.name
    return _Frame(tuple(layers), () if outer == "x" else (_edge(0, 0, outer),))


def _edge(
    i: int, j: int, name: str, a: float = 1.0, b: float = 0.0, c: float = 1.0
) -> SymbolicEdge:
    return SymbolicEdge(i, j, name, (a, b, c, 0.0), 1.0)


def _formulas(edges: Sequence[SymbolicEdge], live: Bool[Tensor, "in out"]) -> Layer:
    """A layer of these formulas alone."""
    nodes, after = live.shape
    interval = torch.tensor([[-1.0, 1.0]] * nodes, dtype=torch.float64, device=live.device)
    basis, mask = Chebyshev(interval, 1), torch.zeros_like(live)
    for each in edges:
        mask[each.i, each.j] = True
    return Layer(Edges(basis, None), interval.new_zeros(nodes * basis.size, after), mask, edges)
