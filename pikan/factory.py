"""Words to points, stages and settings of solvers: what a completed spec asks of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from math import inf

import torch

from pikan.geometry.box import Box
from pikan.geometry.domain import Domain
from pikan.geometry.face import Face
from pikan.network.piecewise import PiecewiseProduct, Products
from pikan.network.product import FullProduct, LowRank
from pikan.network_factory import Ends, axes, each, like, network, trial
from pikan.optimize.learning_rates import Schedule, constant, cosine, exponential, warmup_cosine
from pikan.optimize.stage import Stage
from pikan.optimize.weights import Attention, Balance, Causal, Weights
from pikan.problem.classification import is_poisson
from pikan.problem.corner_singularities import SingularPoint, holes_of
from pikan.problem.features import features
from pikan.problem.junctions import singular_points_of_pieces
from pikan.problem.pieces import pieces_of
from pikan.problem.statement import Problem
from pikan.problem.wellposed.singularities import singularities
from pikan.residuals.terms import CollocationPoints, used_faces
from pikan.sampling.held_out import HeldOut, held_out
from pikan.sampling.method import Count, Method
from pikan.sampling.points import interior, on_face
from pikan.sampling.registry import METHODS
from pikan.solvers.high_dimensional.level import SearchSettings
from pikan.solvers.identification.identify import IdentificationSettings
from pikan.solvers.schedule import (
    Continuation,
    RedrawingStage,
    Refinement,
    Resampling,
    ScheduleSettings,
    Step,
)
from pikan.solvers.spectral.enriched_product import enriched_product
from pikan.solvers.spectral.p_refinement import PRefinement
from pikan.solvers.spectral_elements.boundary_value import ElementSettings
from pikan.solvers.time_marching.march import TimeMarching
from pikan.solvers.variational.minimize import EnergySettings
from pikan.spec import memory, networks, schema
from pikan.spec.parts import FilePart
from pikan.spec.stages.climb import ClimbSettings
from pikan.spec.stages.continuation import ContinuationStage
from pikan.spec.stages.elements import ElementsSettings
from pikan.spec.stages.gauss_newton import GaussNewtonStage
from pikan.spec.stages.identify import IdentifySettings
from pikan.spec.stages.march import MarchSettings
from pikan.spec.stages.minimize import MinimizeSettings
from pikan.spec.stages.stage import TrainingStage

_SCHEDULES: Mapping[str, Schedule] = {
    "constant": constant,
    "cosine": cosine,
    "exponential": exponential,
    "warmup_cosine": warmup_cosine,
}
_WEIGHTS: Mapping[str, Weights | None] = {
    "none": None,
    "balance": Balance(),
    "attention": Attention(),
    "causal": Causal(),
}
# What words stand for among the settings of a stage.
_WORDS: Mapping[str, Mapping[str, object]] = {"schedule": _SCHEDULES, "weights": _WEIGHTS}
# Enough for two digits of a difference of solutions.
_SAMPLES = 2048
# The box of polynomials in a region is wider at each side by this part of its width.
_PADDING = 0.03


def points(
    spec: schema.Spec, problem: Problem, generator: torch.Generator
) -> Callable[[Box], CollocationPoints]:
    """Draws the points of a completed spec, in the whole domain or in one slab."""
    sampling = spec.sampling
    assert sampling is not None
    precision = like(spec)

    def draw(box: Box) -> CollocationPoints:
        domain = Domain(box, problem.region)
        inside = interior(domain, *_method(sampling.interior), generator, precision)
        faces = used_faces(replace(problem, box=box))
        start = () if box.time is None else (Face(((box.time, box.lower[box.time]),)),)
        kept = dict.fromkeys([*faces, *start])
        return CollocationPoints(
            inside,
            {f: on_face(domain, f, *_method(sampling.faces), generator, precision) for f in kept},
        )

    return draw


def _method(asked: schema.PointSettings) -> tuple[Method, Count]:
    assert asked.method is not None
    assert asked.points is not None
    known = METHODS[asked.method]
    return getattr(import_module(known.module), known.function), asked.points


def weights(spec: schema.Spec, labels: Sequence[str]) -> Mapping[str, float]:
    """The weight of every residual by label: its own, else that of its kind, else one."""

    def kind(label: str) -> str:
        return "equation" if label.startswith("equation") else "conditions"

    return {label: spec.weights.get(label, spec.weights.get(kind(label), 1.0)) for label in labels}


def edges(spec: schema.Spec, problem: Problem) -> tuple[float, ...] | None:
    """The edges of the slabs in t that the file asks for; None if it asks for none."""
    windows = None if spec.network is None else spec.network.windows
    if windows is None or isinstance(windows, tuple):
        return windows
    axis = problem.box.evolution
    first, last = problem.box.lower[axis], problem.box.upper[axis]
    return (*(first + (last - first) * k / windows for k in range(windows)), last)


def steps(spec: schema.Spec) -> tuple[Step, ...]:
    """The schedule: stages, and what happens to network and points between them."""
    assert spec.training is not None
    return tuple(_step(asked) for asked in spec.training)


def _step(asked: TrainingStage) -> Step:
    """What the file leaves out is the stage's own."""
    if isinstance(asked, ContinuationStage):
        given = asked.continuation
        inner = _step(asked.gauss_newton())
        assert isinstance(inner, Stage | RedrawingStage)
        return Continuation(given.constant, given.factors, inner)
    if isinstance(asked, GaussNewtonStage) and (redraw := asked.gauss_newton.redraw) is not None:
        every = asked.gauss_newton.model_copy(update={"redraw": redraw.every})
        resampling = Resampling(redraw.points, redraw.k, redraw.c, weighted=False)
        stage = _stage(asked, every)
        assert isinstance(stage, Stage)
        return RedrawingStage(stage, resampling)
    return _stage(asked, asked.settings)


def _stage(asked: TrainingStage, settings: FilePart) -> Stage | Refinement | Resampling:
    if asked.made_by is None:
        raise ValueError(f"{asked.word()} is a whole schedule, not a step of one")
    module, name = asked.made_by
    names, given = dict(asked.arguments), dict[str, object]()
    for key, value in settings:
        if value is not None:
            given[names.get(key, key)] = _WORDS[key][value] if isinstance(value, str) else value
    return getattr(import_module(module), name)(**given)


def schedule_settings(
    spec: schema.Spec, problem: Problem, generator: torch.Generator
) -> ScheduleSettings:
    """All that a schedule of a completed spec works on."""
    built_in = trial(spec, problem)
    return ScheduleSettings(
        network=lambda box: network(spec, box, len(problem.unknowns), generator, built_in),
        points=points(spec, problem if built_in is None else built_in.rest, generator),
        weights=lambda labels: weights(spec, labels),
        steps=steps(spec),
        generator=generator,
        memory=memory.budget(spec),
    )


def _piecewise(
    problem: Problem, makers: Sequence[Callable[[tuple[int, ...]], FullProduct]]
) -> Callable[[tuple[int, ...]], Products]:
    """Makes the product with other degrees, one for each piece in turn by a maker of its own."""
    if not problem.pieces:
        (make_one,) = makers
        return make_one
    regions, own = [piece.region for piece in problem.pieces], problem.box.dimension

    def make_network(degrees: tuple[int, ...]) -> PiecewiseProduct:
        parts = [make(degrees[k * own : (k + 1) * own]) for k, make in enumerate(makers)]
        return PiecewiseProduct(parts, regions)

    return make_network


def _product(spec: schema.Spec, problem: Problem) -> Callable[[tuple[int, ...]], FullProduct]:
    """Makes the full product of a completed spec with other degrees."""
    assert isinstance(spec.network, networks.ProductSettings)
    asked = spec.network
    lower, upper = _padded_box(problem)

    def make_network(degrees: tuple[int, ...]) -> FullProduct:
        bases = axes(asked.model_copy(update={"degree": degrees}), Ends.of(problem))
        total = problem.region is not None
        made = FullProduct(bases, len(problem.unknowns), lower, upper, total=total)
        return made.to(like(spec))

    return make_network


def _padded_box(problem: Problem) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The box of polynomials in a region: wider than the region's own, whose sides are in it."""
    box, region = problem.box, problem.region
    if region is None or region.boxed:
        return box.lower, box.upper
    more = [
        _PADDING * (high - low) * (axis in region.axes)
        for axis, (low, high) in enumerate(zip(box.lower, box.upper, strict=True))
    ]
    lower = tuple(low - by for low, by in zip(box.lower, more, strict=True))
    return lower, tuple(high + by for high, by in zip(box.upper, more, strict=True))


def p_refinement_settings(spec: schema.Spec, problem: Problem, climb: ClimbSettings) -> PRefinement:
    """Settings of p-refinement for a completed spec."""
    assert isinstance(spec.network, networks.ProductSettings)
    assert spec.accuracy is not None
    start = each(spec.network.degree or 8, problem.box.dimension) * (len(problem.pieces) or 1)
    dense = memory.columns(spec)
    limit = inf if spec.time_limit is None else spec.time_limit
    compared = samples(spec, problem)
    finite = next(singularities(problem), None) is None
    return PRefinement(
        _piecewise(problem, [_product(spec, one) for one in pieces_of(problem)]),
        finite,
        start,
        spec.accuracy,
        climb.largest,
        dense,
        climb.steps,
        limit,
        compared,
    )


def singular_settings(
    spec: schema.Spec, problem: Problem, climb: ClimbSettings
) -> PRefinement | None:
    """Settings of p-refinement with functions of corners and holes; None where there are none."""
    if spec.singular == "none":
        return None
    each = singular_points_of_pieces(problem)
    if not any(each) and not any(map(holes_of, pieces_of(problem))):
        return None
    plain = p_refinement_settings(spec, problem, climb)
    makers = [
        _product_with_singular(spec, one, own)
        for one, own in zip(pieces_of(problem), each, strict=True)
    ]
    return replace(plain, network=_piecewise(problem, makers))


def _product_with_singular(
    spec: schema.Spec, problem: Problem, corners: Sequence[SingularPoint]
) -> Callable[[tuple[int, ...]], FullProduct]:
    """Makes the product with functions of corners and holes where there are some."""
    within = holes_of(problem)
    plain, harmonic = _product(spec, problem), is_poisson(problem)

    def make_network(degrees: tuple[int, ...]) -> FullProduct:
        if not corners and not within:
            return plain(degrees)
        return enriched_product(plain(degrees), corners, within, harmonic=harmonic)

    return make_network


def search_settings(spec: schema.Spec, problem: Problem, climb: ClimbSettings) -> SearchSettings:
    """Settings of the search for sums of products, for a completed spec."""
    assert isinstance(spec.network, networks.ProductSettings)
    assert spec.accuracy is not None
    asked, box = spec.network, problem.box

    def make_network(degree: int, rank: int) -> LowRank:
        bases = axes(asked.model_copy(update={"degree": degree}), Ends.of(problem))
        return LowRank(bases, rank, len(problem.unknowns), box.lower, box.upper).to(like(spec))

    largest = min(climb.largest, memory.columns(spec))
    whole = p_refinement_settings(spec, problem, climb)
    return SearchSettings(make_network, whole, spec.accuracy, largest, climb.steps, whole.samples)


def marching_settings(spec: schema.Spec, problem: Problem, march: MarchSettings) -> TimeMarching:
    """Settings of time-marching for a completed spec."""
    assert spec.accuracy is not None
    assert isinstance(spec.network, networks.ProductSettings)
    # Splines meet few others, so that their matrix has few entries.
    dense = "bspline" not in (spec.network.basis or ())
    largest = min(march.largest, memory.columns(spec)) if dense else march.largest
    compared = samples(spec, problem)
    return TimeMarching(spec.accuracy, largest, march.steps, compared, features(problem))


def element_settings(
    spec: schema.Spec, problem: Problem, elements: ElementsSettings
) -> ElementSettings:
    """Settings of hp-refinement on cells for a completed spec."""
    accuracy = elements.accuracy or spec.accuracy
    assert accuracy is not None
    # A known solution is there to compare with: it does not say where cells should be.
    known = features(replace(problem, exact=None))
    return ElementSettings(accuracy, elements.points, elements.largest, known, like(spec))


def energy_settings(
    spec: schema.Spec, problem: Problem, minimize: MinimizeSettings
) -> EnergySettings:
    """Settings of the minimization of an energy for a completed spec."""
    assert spec.accuracy is not None
    compared = samples(spec, problem)
    return EnergySettings(spec.accuracy, minimize.steps, minimize.largest, compared)


def identification_settings(
    spec: schema.Spec, problem: Problem, identify: IdentifySettings
) -> IdentificationSettings:
    """Settings of an identification for a completed spec."""
    assert isinstance(spec.network, networks.ProductSettings)
    limit = inf if spec.time_limit is None else spec.time_limit
    start = each(spec.network.degree or 8, problem.box.dimension)
    largest = min(identify.largest, memory.columns(spec))
    return IdentificationSettings(_product(spec, problem), start, largest, identify.steps, limit)


def samples(spec: schema.Spec, problem: Problem) -> HeldOut:
    """Points on which solutions are compared while they are made; none is trained on.

    Their own generator makes them the same whatever was drawn before.
    """
    generator = torch.Generator().manual_seed(spec.seed)
    return held_out(problem.domain, features(problem), _SAMPLES, generator, like(spec))
