"""Words to networks: what `network:` of a problem file stands for, at its start."""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar, final

import torch
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.bases.from_word import on_interval
from pikan.geometry.box import Box
from pikan.network.activation import Activation, silu, tanh
from pikan.network.base import Network
from pikan.network.data_dependent import decaying_start
from pikan.network.initialization import random_start
from pikan.network.kan import KANNetwork
from pikan.network.mlp import MLP
from pikan.network.product import FullProduct, LowRank
from pikan.network.ridge import ridge
from pikan.network.trial import TrialFunctions, TrialNetwork
from pikan.network.width import node_count
from pikan.problem.statement import Problem
from pikan.problem.trial_solution import TrialSolution, trial_solution
from pikan.sampling.points import numpy_generator
from pikan.sampling.sobol import sobol
from pikan.spec import networks, schema
from pikan.spec.energies import descends

T = TypeVar("T")

# Points on which a start is rescaled.
_LAID = 1024
_ACTIVATIONS: Mapping[str, Activation | None] = {"none": None, "silu": silu, "tanh": tanh}


def network(
    spec: schema.Spec,
    box: Box,
    unknowns: int,
    generator: torch.Generator,
    trial: TrialSolution | None = None,
) -> Network:
    """The network that a completed spec asks for, on a box, at its start.

    `generator` gives the random start; the box is the domain's, or one slab of it. With a trial
    solution the network is inside one.
    """
    if trial is None:
        return _plain(spec, Ends(box.lower, box.upper, unknowns), generator).to(like(spec))
    functions = TrialFunctions(box.coordinates, trial.lifts, trial.factors, trial.periodic)
    # Where an axis is periodic the network takes all coordinates scaled, and a turn for that axis.
    count = box.dimension + len(trial.periodic)
    around = Ends((-1.0,) * count, (1.0,) * count, unknowns)
    ends = around if trial.periodic else Ends(box.lower, box.upper, unknowns)
    inner = _plain(spec, ends, generator)
    return TrialNetwork(inner, functions, box.lower, box.upper).to(like(spec))


class Ends(NamedTuple):
    """The box that enters a network, and how many unknowns leave it."""

    lower: tuple[float, ...]
    upper: tuple[float, ...]
    unknowns: int

    @classmethod
    def of(cls, problem: Problem) -> "Ends":
        """Those of a problem's whole box."""
        return cls(problem.box.lower, problem.box.upper, len(problem.unknowns))


def _plain(spec: schema.Spec, ends: Ends, generator: torch.Generator) -> Network:
    match spec.network:
        case networks.KANSettings() as asked:
            return _kan(asked, ends, generator)
        case networks.MLPSettings(width=width) if width is not None:
            made = MLP((len(ends.lower), *width[1:]), ends.lower, ends.upper)
            return random_start(made, generator)
        case networks.ProductSettings(rank="full") as asked:
            return FullProduct(axes(asked, ends), ends.unknowns, ends.lower, ends.upper)
        case networks.ProductSettings(rank=int(rank)) as asked:
            low = LowRank(axes(asked, ends), rank, ends.unknowns, ends.lower, ends.upper)
            return random_start(low, generator)
        case _:
            raise ValueError("the network is not chosen yet; complete the spec first")


def trial(spec: schema.Spec, problem: Problem) -> TrialSolution | None:
    """What builds the conditions in, where the file asks for it; None where they are rows."""
    if spec.network is None or spec.network.conditions != "built_in":
        return None
    turns = not isinstance(spec.network, networks.ProductSettings)
    return trial_solution(problem, turns=turns, natural=not descends(spec))


def rest(spec: schema.Spec, problem: Problem) -> Problem:
    """What rows are to see to: the problem without the conditions that hold by construction."""
    built_in = trial(spec, problem)
    return problem if built_in is None else built_in.rest


def _kan(asked: networks.KANSettings, ends: Ends, generator: torch.Generator) -> KANNetwork:
    assert asked.width is not None
    layers, widths = len(asked.width) - 1, (len(ends.lower), *asked.width[1:])
    names = each(asked.basis or "bspline", layers)
    degrees, grids = each(asked.degree or 3, layers), each(asked.grid or 8, layers)
    bases = [
        basis(name, node_count(width), degree, grid)
        for name, width, degree, grid in zip(names, widths[:-1], degrees, grids, strict=True)
    ]
    base, squash = _ACTIVATIONS[asked.base or "none"], _ACTIVATIONS[asked.squash or "none"]
    made = KANNetwork(widths, bases, ends.lower, ends.upper, base, squash)
    match asked.start:
        case "ridge":
            return ridge(made, generator)
        case "decaying":
            unit = sobol(_LAID, len(ends.lower), numpy_generator(generator))
            places = made.center + made.scale * (2.0 * torch.from_numpy(unit) - 1.0)
            return decaying_start(made, places, generator)
        case _:
            return random_start(made, generator)


def axes(asked: networks.ProductSettings, ends: Ends) -> list[Basis]:
    """The basis of each coordinate of a product."""
    count = len(ends.lower)
    names, degrees = each(asked.basis or "chebyshev", count), each(asked.degree or 8, count)
    grids = each(asked.grid or 8, count)
    chosen = zip(names, degrees, grids, strict=True)
    return [basis(name, 1, degree, grid) for name, degree, grid in chosen]


def basis(name: str, nodes: int, degree: int, grid: int) -> Basis:
    """A basis on [-1, 1] by its word; `grid` is the number of cells of one that has any."""
    interval = torch.tensor([[-1.0, 1.0]], dtype=torch.float64).repeat(nodes, 1)
    return on_interval(name, interval, degree, grid)


def each(setting: T | tuple[T, ...], count: int) -> tuple[T, ...]:
    """One setting for each of several parts."""
    return setting if isinstance(setting, tuple) else (setting,) * count


def like(spec: schema.Spec) -> Tensor:
    """A tensor of the precision and on the device that the file asks for."""
    return torch.empty(0, dtype=getattr(torch, spec.dtype), device=device(spec))


def device(spec: schema.Spec) -> torch.device:
    """The device of a spec; DeviceError where this machine has none of that kind."""
    try:
        torch.empty(0, device=spec.device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise DeviceError(
            f"device: '{spec.device}' is not available on this machine; use cpu"
        ) from error
    return torch.device(spec.device)


@final
class DeviceError(ValueError):
    """The device of a problem file does not exist on this machine."""
