"""Settings that must fit the problem: layers, lists by coordinate, windows, weights by label."""

import itertools
from collections.abc import Iterator, Sequence

from pikan.expression.wording import did_you_mean, word_list
from pikan.problem.statement import Problem
from pikan.sampling.registry import METHODS
from pikan.spec.faults import Check, Fault, Keys
from pikan.spec.networks import KANSettings, MLPSettings, Network, ProductSettings
from pikan.spec.resolve import Scope
from pikan.spec.schema import PointSettings, Spec
from pikan.spec.stages.climb import ClimbStage
from pikan.spec.stages.identify import IdentifyStage


def check_settings(spec: Spec, scope: Scope) -> Check[None]:
    """Faults of network and sampling that only the problem shows."""
    if spec.network is not None:
        yield from _network(spec, scope, spec.network)
    sampling, count = spec.sampling, len(scope.coordinates)
    if sampling is not None:
        yield from _points(spec, ("sampling", "interior"), sampling.interior, count)
        yield from _points(spec, ("sampling", "faces"), sampling.faces, count)


def check_weights(spec: Spec, labels: Sequence[str]) -> Check[None]:
    """Weights belong to residuals that there are."""
    known = list(dict.fromkeys(["equation", "conditions", *labels]))
    for label in spec.weights:
        if label not in known:
            message = f"no residual has this label; there are {word_list(known)}"
            yield spec.origin.fault(("weights", label), message + did_you_mean(label, known))


def check_schedule(spec: Spec, problem: Problem) -> Check[None]:
    """Stages that suit the equations and the network."""
    if problem.inverse:
        yield from _check_identification(spec)
    if problem.region is not None:
        yield from _check_region(spec)
    stages = spec.training or ()
    taken_over = len(stages) == 2 and stages[1].follows == stages[0].word()
    for index, stage in enumerate(stages):
        keys: Keys = ("training", index, stage.word())
        if stage.made_by is None and len(stages) > 1 and not taken_over:
            message = f"{stage.word()} is a whole schedule; leave out the other stages"
            yield spec.origin.fault(keys, message)
        for way, message in stage.faults(spec.network, problem):
            yield spec.origin.fault((*keys, *way), message)
    if isinstance(spec.network, KANSettings) and spec.network.start == "ridge":
        width = spec.network.width
        if width is not None and len(width) != 3:
            message = f"ridge is a start for one hidden layer; the width has {len(width) - 2}"
            yield spec.origin.fault(("network", "start"), message)


def _check_region(spec: Spec) -> Iterator[Fault]:
    """Regions are for p-refinement, and for networks that are trained step by step."""
    for key in ("find", "parameters", "discover"):
        if getattr(spec, key):
            yield spec.origin.fault((key,), f"'{key}' is for boxes; leave it out, or the shapes")
    for index, stage in enumerate(spec.training or ()):
        if stage.made_by is None and not isinstance(stage, ClimbStage):
            message = f"{stage.word()} is for boxes; take climb, or the stages of a network"
            yield spec.origin.fault(("training", index, stage.word()), message)


def _check_identification(spec: Spec) -> Iterator[Fault]:
    """Constants are found by a schedule of their own."""
    if not isinstance(spec.network, ProductSettings | None):
        message = "constants are found with a product network; leave network out"
        yield spec.origin.fault(("network",), message)
    if spec.training and not isinstance(spec.training[0], IdentifyStage):
        message = "constants are found by the stage identify; leave training out"
        yield spec.origin.fault(("training",), message)


def _network(spec: Spec, scope: Scope, network: Network) -> Check[None]:
    if isinstance(network, KANSettings | MLPSettings) and network.width is not None:
        yield from _width(spec, scope, network.width)
    if isinstance(network, KANSettings) and network.width is not None:
        yield from _lists(spec, network, len(network.width) - 1, "layers")
    if isinstance(network, ProductSettings):
        yield from _lists(spec, network, len(scope.coordinates), "coordinates")
    if network.windows is not None and scope.box.time is None:
        message = "windows follow each other in t, and the problem has no coordinate t"
        yield spec.origin.fault(("network", "windows"), f"{message}; leave them out")
    elif network.windows is not None and network.conditions == "built_in":
        message = "windows follow each other by rows; leave windows out, or write conditions: rows"
        yield spec.origin.fault(("network", "windows"), message)
    elif isinstance(edges := network.windows, tuple):
        axis = scope.box.evolution
        ends = (scope.box.lower[axis], scope.box.upper[axis])
        rising = all(first < second for first, second in itertools.pairwise(edges))
        if not rising or (edges[0], edges[-1]) != ends:
            message = f"got {list(edges)}, needs edges that rise from {ends[0]:g} to {ends[1]:g}"
            yield spec.origin.fault(("network", "windows"), message)


def _width(spec: Spec, scope: Scope, width: Sequence[int | tuple[int, int]]) -> Check[None]:
    ends = {0: ("coordinates", scope.coordinates), len(width) - 1: ("unknowns", scope.unknowns)}
    for index, nodes in enumerate(width):
        keys = ("network", "width", index)
        if isinstance(nodes, tuple) and sum(nodes) == 0:
            yield spec.origin.fault(keys, "got a layer of [0, 0], needs at least one node")
        if index not in ends:
            continue
        role, names = ends[index]
        count = nodes if isinstance(nodes, int) else nodes[0] if nodes[1] == 0 else None
        if count != len(names):
            end = "starts" if index == 0 else "ends"
            written = nodes if isinstance(nodes, int) else list(nodes)
            message = f"got {written}, needs {len(names)}: a network {end} with the {role}"
            yield spec.origin.fault(keys, f"{message} {word_list(names)}")


def _lists(
    spec: Spec, network: KANSettings | ProductSettings, count: int, what: str
) -> Iterator[Fault]:
    settings = {"basis": network.basis, "degree": network.degree, "grid": network.grid}
    for key, setting in settings.items():
        if isinstance(setting, tuple) and len(setting) != count:
            message = f"got a list of {len(setting)}, needs {count}, one for each of the {what}"
            yield spec.origin.fault(("network", key), f"{message}, or one value for all")


def _points(spec: Spec, keys: Keys, drawn: PointSettings, count: int) -> Iterator[Fault]:
    if not isinstance(drawn.points, tuple):
        return
    if len(drawn.points) != count:
        message = f"got a list of {len(drawn.points)}, needs {count}, one for each coordinate"
        yield spec.origin.fault((*keys, "points"), f"{message}, or one number")
    elif drawn.method is not None and not METHODS[drawn.method].grid:
        message = f"'{drawn.method}' takes one number of points, not a list"
        yield spec.origin.fault((*keys, "points"), f"{message}; a tensor grid takes one")
