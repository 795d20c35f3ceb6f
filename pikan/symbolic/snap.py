"""Symbolic regression of edges: the learned function of an edge snaps to a formula."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import inf
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.fitting.backpropagation import evaluate_network, precompute_layer, sensitivity
from pikan.fitting.descent import levenberg_marquardt
from pikan.fitting.factory import shaped_weights
from pikan.fitting.loss import fit_loss, mean_square
from pikan.fitting.penalty import Penalty
from pikan.network.masked_kan import LayerActivations, MaskedKAN, layer_activations
from pikan.network.symbolic_edges import SymbolicEdge, SymbolicEdges
from pikan.symbolic.candidates import Candidate, candidates
from pikan.symbolic.library import COMPOSED, LIBRARY, Numbers
from pikan.symbolic.sparsify import sparsify

# Functions tried on an edge before the best of them is taken; steps after one is in place, and
# in the end.
_TRIED, _STEPS, _LAST = 4, 15, 200

# The mean square may grow by this factor when a function takes the place of a spline.
_WORSE = 2.0

# Where it grows by more than this there are more steps, and one of so many edges comes first.
_BAD, _MORE, _EDGES = 20.0, 60, 3

# An edge whose spread is a smaller share of that of what it leads to is a constant.
_STILL = 1e-7

# What may be left of the variance by an exact formula, and at most while one is hoped for; points
# that networks fitted afresh are read at.
_EXACT, _HOPELESS, _READ = 1e-14, 1e-6, 300

# By how much the mean square may grow over all while a formula is hoped for, and what share of the
# variance polynomials may leave of exact functions.
_MUCH_WORSE, _COARSE = 1e4, 1e-7


@final
@dataclass(frozen=True)
class Suggestions:
    """Formulas for an edge, the best by weighed complexity and fit first."""

    rows: tuple[Candidate, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> Candidate:
        return self.rows[number]

    def __repr__(self) -> str:
        lines = [f"{'function':<12}{'R2':<16}{'1 - R2':<10}complexity"]
        for name, _, left, complexity in self.rows:
            lines.append(f"{name:<12}{1 - left:<16.12f}{left:<10.1e}{complexity}")
        return "\n".join(lines)


class Edge(NamedTuple):
    """The edge from node i of a layer to sum j of the next."""

    layer: int
    i: int
    j: int


@final
@dataclass(frozen=True)
class SymbolicSearch:
    """What to look for: functions, how much simplicity weighs, the least R² for a formula."""

    names: tuple[str, ...]
    weight_simple: float
    r2_threshold: float


def suggest(
    layers: Sequence[LayerActivations],
    edge: Edge,
    search: SymbolicSearch,
    noise: float,
    matters: Sequence[Float[Tensor, "n _"]] | None = None,
) -> Suggestions:
    """Formulas for what an edge gives, best first; what is left below the noise does not count.

    Points weigh as much as the sum that the edge leads to `matters` there, by the square.
    """
    layer = layers[edge.layer]
    gets, gives = layer.nodes[:, edge.i], layer.edges[:, edge.i, edge.j]
    sums = layer.sums[:, edge.j]
    if float(gives.std(correction=0)) <= _STILL * float(sums.std(correction=0)):
        level = Numbers(1.0, 0.0, 0.0, float(gives.mean()))
        return Suggestions((Candidate("0", level, 0.0, LIBRARY["0"].complexity),))
    weight = None if matters is None else matters[edge.layer][:, edge.j].square()
    found = candidates(gets, gives, search.names, weight)
    return Suggestions(
        tuple(sorted(found, key=lambda each: each.score(search.weight_simple, noise)))
    )


def with_formula(wired: MaskedKAN, edge: Edge, found: Candidate) -> MaskedKAN:
    """The network with a formula on an edge."""
    old = wired.formulas()[edge.layer]
    others = [each for each in old.all() if (each.i, each.j) != (edge.i, edge.j)]
    numbers = (found.numbers.a, found.numbers.b, found.numbers.c, found.numbers.d)
    made = SymbolicEdge(edge.i, edge.j, found.name, numbers, found.r2)
    return _with_formulas(wired, edge.layer, [*others, made])


def without_formula(wired: MaskedKAN, edge: Edge) -> MaskedKAN:
    """The network with the learned function on an edge, as it was before the formula."""
    old = wired.formulas()[edge.layer]
    others = [each for each in old.all() if (each.i, each.j) != (edge.i, edge.j)]
    return _with_formulas(wired, edge.layer, others)


def discover(
    wired: MaskedKAN,
    points: Float[Tensor, "n d"],
    labels: Float[Tensor, "n m"],
    search: SymbolicSearch,
    starts: int,
) -> MaskedKAN:
    """The network with a formula on every edge for which there is one, all refit to the labels.

    Where its own edges lead to none that is exact, and as often as `starts` says, networks of its
    width are fitted to the labels afresh and simplified until one of them does. That is for
    networks of sums with one output, of which no edge holds a formula yet.
    """
    spread = float(labels.var(correction=0))
    before = _mean_square(wired, points, labels)
    fresh = starts if _may_start_afresh(wired) else 0
    hopeless = _HOPELESS * spread if fresh else inf
    found, least = (wired, inf) if before > hopeless else snap(wired, points, labels, search)
    rows = slice(0, _READ)
    if least <= _EXACT * spread:
        return found
    for seed in range(fresh):
        networks = sparsify(wired.masks(), points, labels[:, 0], seed)
        tries = ((simple, each) for simple in networks for each in _plain_first(search))
        for simple, functions in tries:
            tried, left = snap(simple, points[rows], labels[rows], functions, hopeless)
            if left < least and not learned_edges(tried):
                found, least = tried, left
            if least <= _EXACT * spread:
                return found
    return found


def snap(
    wired: MaskedKAN,
    points: Float[Tensor, "n d"],
    labels: Float[Tensor, "n m"],
    search: SymbolicSearch,
    hopeless: float = inf,
) -> tuple[MaskedKAN, float]:
    """The network with a formula on its edges, refit after each, and its mean square.

    The clearest edges come first. After each one the rest is fitted again, so that the next can
    be read more clearly; of the best functions for an edge that one stays with which the network
    fits the labels again. Ends where more than `hopeless` is left.
    """
    spread = float(labels.var(correction=0))
    wired, loss = refit(wired, points, labels, _STEPS)
    if hopeless < inf:
        hopeless = min(hopeless, max(_MUCH_WORSE * loss, _COARSE * spread))
    waiting = _by_clearness(wired, points, search, loss / spread)
    while waiting and loss <= hopeless:
        wired, loss, edge = _with_one(wired, points, labels, search, waiting, loss)
        if edge is None:
            break
        waiting.remove(edge)
    if loss <= hopeless:
        wired, loss = refit(wired, points, labels, _LAST)
    return canonical(wired), loss


def _with_one(
    wired: MaskedKAN,
    points: Float[Tensor, "n d"],
    labels: Float[Tensor, "n m"],
    search: SymbolicSearch,
    waiting: Sequence[Edge],
    loss: float,
) -> tuple[MaskedKAN, float, Edge | None]:
    """The network with a formula on one edge more, its mean square, and that edge if there is one.

    The first edge that is waiting, or one of the next if much is lost with all its formulas.
    """
    spread = float(labels.var(correction=0))
    layers, matters = _seen(wired, points)
    best, least, place = wired, inf, None
    for edge in waiting[:_EDGES]:
        options = suggest(layers, edge, search, loss / spread, matters)
        for option in options.rows[:_TRIED]:
            if option.r2 < search.r2_threshold:
                continue
            tried, after = refit(with_formula(wired, edge, option), points, labels, _STEPS)
            if after < least:
                best, least, place = tried, after, edge
            if least <= _WORSE * loss + 1e-24 * spread:
                return best, least, place
        if least > _BAD * loss and place == edge:
            best, least = refit(best, points, labels, _MORE)
        if least <= _BAD * loss + 1e-24 * spread:
            break
    return best, least, place


def refit(
    wired: MaskedKAN, points: Float[Tensor, "n d"], labels: Float[Tensor, "n m"], steps: int
) -> tuple[MaskedKAN, float]:
    """The network fitted to the labels by so many steps at most, and its mean square."""
    now = fit_loss(wired, points, labels, mean_square, Penalty())
    best, loss = None, inf
    for state in islice(levenberg_marquardt(lambda: now, None), steps):
        if state.loss < loss:
            best, loss = state.theta, state.loss
    if best is None:
        return wired, _mean_square(wired, points, labels)
    return _put(wired, shaped_weights(best, wired.trainable())), loss


def _plain_first(search: SymbolicSearch) -> tuple[SymbolicSearch, ...]:
    """The search without functions of functions, which come near to many others, then with them."""
    plain = tuple(name for name in search.names if name not in COMPOSED)
    return (search,) if plain == search.names else (replace(search, names=plain), search)


def _mean_square(
    wired: MaskedKAN, points: Float[Tensor, "n d"], labels: Float[Tensor, "n m"]
) -> float:
    with torch.no_grad():
        left = float(mean_square(wired(points), labels))
    return left if left == left else inf


def _may_start_afresh(wired: MaskedKAN) -> bool:
    plain = all(isinstance(width, int) for width in wired.widths())
    whole = len(wired.inputs) == int(wired.inputs.max()) + 1
    return plain and whole and wired.widths()[-1] == 1 and not symbolic_edges(wired)


def canonical(wired: MaskedKAN) -> MaskedKAN:
    """The same function, with the numbers of formulas in their own form."""
    for layer, formulas in enumerate(wired.formulas()):
        made = [
            each._replace(numbers=tuple(LIBRARY[each.name].canonical(Numbers(*each.numbers))))
            for each in formulas.all()
        ]
        wired = _with_formulas(wired, layer, made)
    return wired


def symbolic_edges(wired: MaskedKAN) -> tuple[tuple[Edge, SymbolicEdge], ...]:
    """Every edge that holds a formula, with it."""
    return tuple(
        (Edge(layer, each.i, each.j), each)
        for layer, formulas in enumerate(wired.formulas())
        for each in formulas.all()
    )


def learned_edges(wired: MaskedKAN) -> tuple[Edge, ...]:
    """Every live edge that holds no formula."""
    return tuple(
        Edge(layer, i, j)
        for layer, learned in enumerate(wired.learned_masks())
        for i, j in torch.nonzero(learned).tolist()
    )


def _by_clearness(
    wired: MaskedKAN, points: Float[Tensor, "n d"], search: SymbolicSearch, noise: float
) -> list[Edge]:
    """The learned edges, those for which some function fits by far the best first."""
    layers, matters = _seen(wired, points)
    scored = list[tuple[float, Edge]]()
    for edge in learned_edges(wired):
        rows = suggest(layers, edge, search, noise, matters).rows
        scored.append((min((row.left for row in rows), default=inf), edge))
    return [edge for _, edge in sorted(scored)]


def _seen(
    wired: MaskedKAN, points: Float[Tensor, "n d"]
) -> tuple[tuple[LayerActivations, ...], tuple[Float[Tensor, "n _"], ...]]:
    with torch.no_grad():
        layers = layer_activations(wired, points, wired.trainable())
    return layers, sensitivity(evaluate_network(precompute_layer(wired, points), wired.trainable()))


def _with_formulas(wired: MaskedKAN, layer: int, formulas: Sequence[SymbolicEdge]) -> MaskedKAN:
    symbols = list(wired.formulas())
    symbols[layer] = SymbolicEdges(formulas, wired.kan.center)
    return MaskedKAN(wired.kan, wired.masks(), wired.inputs, symbols, wired.scaling)


def _put(wired: MaskedKAN, trained: Sequence[Float[Tensor, "_ _"]]) -> MaskedKAN:
    """A copy of the network with other numbers."""
    from copy import deepcopy

    copied = deepcopy(wired)
    with torch.no_grad():
        for old, new in zip(copied.trainable(), trained, strict=True):
            old.copy_(new)
    return copied
