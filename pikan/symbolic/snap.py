"""Symbolic regression of edges: the learned function of an edge snaps to a formula."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.backpropagation import evaluate, fixed_part, sensitivity
from pikan.network.base import place
from pikan.network.kan import KANNetwork, with_layers
from pikan.network.layer import LayerActivations
from pikan.network.parameters import parameter_vector, with_parameters
from pikan.network.symbolic_edges import SymbolicEdge
from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.optimize.stage import StageRun
from pikan.residuals.data_objective import data_misfit
from pikan.symbolic.candidates import Candidate, candidates
from pikan.symbolic.changed_networks import changed_networks
from pikan.symbolic.library import COMPOSED, LIBRARY, REAL_POWER, Numbers, library_function

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


def with_formula(network: KANNetwork, edge: Edge, found: Candidate) -> KANNetwork:
    """The network with a formula on an edge."""
    numbers = (found.numbers.a, found.numbers.b, found.numbers.c, found.numbers.d)
    made = SymbolicEdge(edge.i, edge.j, found.name, numbers, found.r2)
    return _with_formulas(network, edge.layer, [*_others(network, edge), made])


def without_formula(network: KANNetwork, edge: Edge) -> KANNetwork:
    """The network with the learned function on an edge, as it was before the formula."""
    return _with_formulas(network, edge.layer, _others(network, edge))


def _others(network: KANNetwork, edge: Edge) -> list[SymbolicEdge]:
    """The formulas of a layer but that of an edge."""
    every = network.layers()[edge.layer].symbolic.all()
    return [each for each in every if (each.i, each.j) != (edge.i, edge.j)]


def discover(
    network: KANNetwork,
    points: Float[Tensor, "n d"],
    labels: Float[Tensor, "n m"],
    search: SymbolicSearch,
    starts: int,
) -> KANNetwork:
    """The network with a formula on every edge for which there is one, all refit to the labels.

    Where its own edges lead to none that is exact, and as often as `starts` says, networks of its
    width are fitted to the labels afresh and simplified until one of them does, in new variables
    where there are such. That is for networks of sums with one output, of which no edge holds a
    formula yet.
    """
    spread = _size(labels)
    before = _mean_square(network, points, labels)
    plain = all(isinstance(width, int) for width in network.widths)
    whole = network.inputs == tuple(range(len(network.inputs)))
    starts_afresh = plain and whole and network.widths[-1] == 1 and not symbolic_edges(network)
    fresh = starts if starts_afresh else 0
    hopeless = _HOPELESS * spread if fresh else inf
    found, least = (network, inf) if before > hopeless else snap(network, points, labels, search)
    rows = slice(0, _READ)
    # Without functions of functions and real powers, near to many others, then with them.
    plain_names = tuple(name for name in search.names if name not in (*COMPOSED, REAL_POWER))
    searches = [search]
    if plain_names != search.names:
        searches = [replace(search, names=plain_names), search]
    if least <= _EXACT * spread:
        return found
    live = [layer.mask for layer in network.layers()]
    for simple in changed_networks(live, points, labels[:, 0], search.names, fresh):
        for functions in searches if learned_edges(simple) else [search]:
            tried, left = snap(simple, points[rows], labels[rows], functions, hopeless)
            if left < least and not learned_edges(tried):
                found, least = tried, left
            if least <= _EXACT * spread:
                return found
    return found


def snap(
    network: KANNetwork,
    points: Float[Tensor, "n d"],
    labels: Float[Tensor, "n m"],
    search: SymbolicSearch,
    hopeless: float = inf,
) -> tuple[KANNetwork, float]:
    """The network with a formula on its edges, refit after each, and its mean square.

    The clearest edges come first. After each one the rest is fitted again, so that the next can
    be read more clearly; of the best functions for an edge that one stays with which the network
    fits the labels again. Ends where more than `hopeless` is left.
    """
    spread = _size(labels)
    network, loss = refit(network, points, labels, _STEPS)
    if hopeless < inf:
        hopeless = min(hopeless, max(_MUCH_WORSE * loss, _COARSE * spread))
    # The edges for which some function fits by far the best come first.
    layers, matters = _seen(network, points)
    scored = list[tuple[float, Edge]]()
    for edge in learned_edges(network):
        rows = suggest(layers, edge, search, loss / spread, matters).rows
        scored.append((min((row.left for row in rows), default=inf), edge))
    waiting = [edge for _, edge in sorted(scored)]
    while waiting and loss <= hopeless:
        network, loss, edge = _with_one(network, points, labels, search, waiting, loss)
        if edge is None:
            break
        waiting.remove(edge)
    if loss <= hopeless:
        network, loss = refit(network, points, labels, _LAST)
    return canonical(network), loss


def _size(labels: Float[Tensor, "n m"]) -> float:
    """The variance, by which mean squares are measured; of labels all equal their mean square."""
    spread, square = float(labels.var(correction=0)), float(labels.square().mean())
    return spread if spread > 1e-20 * square else square or 1.0


def _with_one(
    network: KANNetwork,
    points: Float[Tensor, "n d"],
    labels: Float[Tensor, "n m"],
    search: SymbolicSearch,
    waiting: Sequence[Edge],
    loss: float,
) -> tuple[KANNetwork, float, Edge | None]:
    """The network with a formula on one edge more, its mean square, and that edge if there is one.

    The first edge that is waiting, or one of the next if much is lost with all its formulas.
    """
    spread = _size(labels)
    layers, matters = _seen(network, points)
    best, least, place = network, inf, None
    for edge in waiting[:_EDGES]:
        options = suggest(layers, edge, search, loss / spread, matters)
        for option in options.rows[:_TRIED]:
            if option.r2 < search.r2_threshold:
                continue
            tried, after = refit(with_formula(network, edge, option), points, labels, _STEPS)
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
    network: KANNetwork, points: Float[Tensor, "n d"], labels: Float[Tensor, "n m"], steps: int
) -> tuple[KANNetwork, float]:
    """The network fitted to the labels by so many steps at most, and its mean square."""
    objective = data_misfit(network, points, labels).least_squares()
    run = StageRun(LevenbergMarquardt(steps), objective, parameter_vector(network))
    # The residual's square is the mean square; where no step lowers it nothing is to be changed.
    losses = [2.0 * made.loss for made in run if made.step]
    if not losses:
        return network, _mean_square(network, points, labels)
    return with_parameters(network, run.theta), losses[-1]


def _mean_square(
    network: KANNetwork, points: Float[Tensor, "n d"], labels: Float[Tensor, "n m"]
) -> float:
    with torch.no_grad():
        left = float((network(points) - labels).square().mean())
    return left if left == left else inf


def canonical(network: KANNetwork) -> KANNetwork:
    """The same function, with the numbers of formulas in their own form."""
    for layer, own in enumerate(network.layers()):
        made = [
            each._replace(
                numbers=tuple(library_function(each.name).canonical(Numbers(*each.numbers)))
            )
            for each in own.symbolic.all()
        ]
        network = _with_formulas(network, layer, made)
    return network


def symbolic_edges(network: KANNetwork) -> tuple[tuple[Edge, SymbolicEdge], ...]:
    """Every edge that holds a formula, with it."""
    return tuple(
        (Edge(layer, each.i, each.j), each)
        for layer, own in enumerate(network.layers())
        for each in own.symbolic.all()
    )


def learned_edges(network: KANNetwork) -> tuple[Edge, ...]:
    """Every live edge that holds no formula."""
    return tuple(
        Edge(layer, i, j)
        for layer, own in enumerate(network.layers())
        for i, j in torch.nonzero(own.learned_mask()).tolist()
    )


def _seen(
    network: KANNetwork, points: Float[Tensor, "n d"]
) -> tuple[tuple[LayerActivations, ...], tuple[Float[Tensor, "n _"], ...]]:
    with torch.no_grad():
        fixed = fixed_part(network, network.first(place(points)))
        layers = network.activations(points)
    return layers, sensitivity(evaluate(fixed, parameter_vector(network)))


def _with_formulas(network: KANNetwork, layer: int, formulas: Sequence[SymbolicEdge]) -> KANNetwork:
    layers = list(network.layers())
    layers[layer] = layers[layer].replace(formulas=formulas)
    return with_layers(network, layers)
