"""Settings that must fit the problem: layers, lists by coordinate, windows, weights by label."""

import itertools
from collections.abc import Iterator, Sequence

from pikan.bases.registry import BasisFamily, families
from pikan.expression.wording import did_you_mean, word_list
from pikan.problem.classification import is_determined, is_evolution, linear
from pikan.problem.initial_value import is_first_order_in_time
from pikan.problem.separable import separated
from pikan.problem.statement import Problem
from pikan.spec.faults import Check, Fault, Keys
from pikan.spec.resolve import Scope
from pikan.spec.schema import (
    AdamStage,
    ClimbStage,
    ElementsStage,
    GaussNewtonStage,
    IdentifyStage,
    KANSettings,
    LBFGSStage,
    LeastSquaresStage,
    MarchStage,
    MLPSettings,
    Network,
    PointSettings,
    ProductSettings,
    RefineSettings,
    RefineStage,
    Spec,
)

WholeStage = ClimbStage | MarchStage | ElementsStage | IdentifyStage


def check_settings(spec: Spec, scope: Scope) -> Check[None]:
    """Faults of network, sampling and training that only the problem shows."""
    if spec.network is not None:
        yield from _network(spec, scope, spec.network)
    yield from _sampling(spec, scope)
    yield from _training(spec)


def check_weights(spec: Spec, labels: Sequence[str]) -> Check[None]:
    """Weights belong to residuals that there are."""
    known = list(dict.fromkeys(["equation", "conditions", *labels]))
    for label in spec.weights:
        if label not in known:
            message = f"no residual has this label; there are {word_list(known)}"
            yield spec.origin.fault(("weights", label), message + did_you_mean(label, known))


def check_schedule(spec: Spec, problem: Problem) -> Check[None]:
    """Stages that suit the equations and the network."""
    yield from _check_identification(spec, problem)
    for index, stage in enumerate(spec.training or ()):
        keys: Keys = ("training", index)
        match stage:
            case ClimbStage() | MarchStage() | ElementsStage() | IdentifyStage():
                yield from _whole(spec, problem, stage, keys)
            case LeastSquaresStage():
                if not linear(problem):
                    message = "the problem is not linear in its unknowns; use gauss_newton"
                    yield spec.origin.fault((*keys, "least_squares"), message)
            case GaussNewtonStage(gauss_newton=asked) if asked.eliminate and not linear(problem):
                message = "the problem is not linear in its unknowns; leave eliminate out"
                yield spec.origin.fault((*keys, "gauss_newton", "eliminate"), message)
            case RefineStage(refine=asked):
                yield from _check_refinement(spec, asked, keys)
            case AdamStage() | LBFGSStage():
                yield from _check_causal(spec, problem, stage, keys)
            case _:
                pass
    if isinstance(spec.network, KANSettings) and spec.network.start == "ridge":
        width = spec.network.width
        if width is not None and len(width) != 3:
            message = f"ridge is a start for one hidden layer; the width has {len(width) - 2}"
            yield spec.origin.fault(("network", "start"), message)


def _check_identification(spec: Spec, problem: Problem) -> Iterator[Fault]:
    """Constants are found by a schedule of their own."""
    if problem.find and not isinstance(spec.network, ProductSettings | None):
        message = "constants are found with a product network; leave network out"
        yield spec.origin.fault(("network",), message)
    if problem.find and spec.training and not isinstance(spec.training[0], IdentifyStage):
        message = "constants are found by the stage identify; leave training out"
        yield spec.origin.fault(("training",), message)


def _check_causal(
    spec: Spec, problem: Problem, stage: AdamStage | LBFGSStage, keys: Keys
) -> Iterator[Fault]:
    """Causal weights take early times first."""
    name, asked = ("adam", stage.adam) if isinstance(stage, AdamStage) else ("lbfgs", stage.lbfgs)
    if asked.weights == "causal" and problem.box.time is None:
        message = "causal weights go by the coordinate t, and the problem has none; choose balance"
        yield spec.origin.fault((*keys, name, "weights"), message)


def _whole(spec: Spec, problem: Problem, stage: WholeStage, keys: Keys) -> Iterator[Fault]:
    """Climb, march, elements and identify are whole schedules, and make a full product as they go.

    Elements may follow a climb, for where that fails.
    """
    (name,) = stage.model_dump()
    if name == "identify" and not problem.find:
        message = "there is nothing to be found; name a constant in find, and data"
        yield spec.origin.fault((*keys, name), message)
    network = spec.network
    match spec.training:
        case None | (_,) | (ClimbStage(), ElementsStage()):
            pass
        case _:
            message = f"{name} is a whole schedule; leave out the other stages"
            yield spec.origin.fault((*keys, name), message)
    if network is not None and not isinstance(network, ProductSettings):
        message = f"{name} makes a product network; got kind '{network.kind}', leave network out"
        yield spec.origin.fault((*keys, name), message)
    elif network is not None and network.rank not in (None, "full"):
        message = f"{name} makes a full product; got rank {network.rank}, leave rank out"
        yield spec.origin.fault((*keys, name), message)
    elif network is not None and network.windows is not None:
        yield spec.origin.fault((*keys, name), f"{name} has no fixed windows; leave windows out")
    elif name == "climb" and not all(each.climbs for each in _families(network)):
        message = "climb raises degrees without end; use chebyshev, legendre or jacobi"
        yield spec.origin.fault((*keys, name), message)
    closed = is_determined(problem) or is_first_order_in_time(problem)
    if name == "elements" and not closed and separated(problem) is None:
        message = (
            "elements need one coordinate, one beside t with equations of first order in t, or a "
            "linear equation in two whose coefficients are of one each, and as many conditions as "
            "the orders ask for; use climb or march"
        )
        yield spec.origin.fault((*keys, name), message)
    if name == "march" and not is_evolution(problem):
        message = "march needs equations with a derivative in t, and conditions at its first moment"
        yield spec.origin.fault((*keys, name), f"{message} only; use climb")


def _families(network: Network | None) -> tuple[BasisFamily, ...]:
    """The bases that a network names, if it names any."""
    return families(network.basis) if isinstance(network, KANSettings | ProductSettings) else ()


def _check_refinement(spec: Spec, asked: RefineSettings, keys: Keys) -> Iterator[Fault]:
    """What is refined must be there."""
    network = spec.network
    low_rank = isinstance(network, ProductSettings) and isinstance(network.rank, int)
    if asked.rank is not None and not low_rank:
        message = "only a product network whose rank is a number has one; refine its degree"
        yield spec.origin.fault((*keys, "refine", "rank"), message)
    if isinstance(network, MLPSettings):
        message = "an mlp has no grid and no degree to refine; leave this stage out"
        yield spec.origin.fault((*keys, "refine"), message)
    elif asked.adapt and isinstance(network, ProductSettings):
        message = "only a kan has hidden layers whose bases could move; leave it out"
        yield spec.origin.fault((*keys, "refine", "adapt"), message)
    named = _families(network)
    if asked.grid is not None and named and not any(each.cells for each in named):
        message = "only bspline and rbf have a grid; refine the degree"
        yield spec.origin.fault((*keys, "refine", "grid"), message)


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
    elif isinstance(network.windows, tuple):
        yield from _edges(spec, scope, network.windows)


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


def _edges(spec: Spec, scope: Scope, edges: Sequence[float]) -> Iterator[Fault]:
    axis = scope.box.evolution
    ends = (scope.box.lower[axis], scope.box.upper[axis])
    rising = all(first < second for first, second in itertools.pairwise(edges))
    if not rising or (edges[0], edges[-1]) != ends:
        message = f"got {list(edges)}, needs edges that rise from {ends[0]:g} to {ends[1]:g}"
        yield spec.origin.fault(("network", "windows"), message)


def _sampling(spec: Spec, scope: Scope) -> Iterator[Fault]:
    if spec.sampling is None:
        return
    count = len(scope.coordinates)
    yield from _points(spec, ("sampling", "interior"), spec.sampling.interior, count)
    yield from _points(spec, ("sampling", "faces"), spec.sampling.faces, count)


def _points(spec: Spec, keys: Keys, drawn: PointSettings, count: int) -> Iterator[Fault]:
    if not isinstance(drawn.points, tuple):
        return
    if len(drawn.points) != count:
        message = f"got a list of {len(drawn.points)}, needs {count}, one for each coordinate"
        yield spec.origin.fault((*keys, "points"), f"{message}, or one number")
    elif drawn.method in ("uniform", "sobol", "halton", "latin_hypercube"):
        message = f"'{drawn.method}' takes one number of points, not a list"
        yield spec.origin.fault((*keys, "points"), f"{message}; a tensor grid takes one")


def _training(spec: Spec) -> Iterator[Fault]:
    for index, stage in enumerate(spec.training or ()):
        if isinstance(stage, RefineStage):
            given = (stage.refine.grid, stage.refine.degree, stage.refine.rank)
            asked = sum(one is not None for one in given)
            if asked > 1 or not (asked or stage.refine.adapt):
                message = "needs exactly one of grid, degree and rank, or adapt alone"
                yield spec.origin.fault(("training", index, "refine"), message)
