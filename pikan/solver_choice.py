"""The solver that the stages of a problem file stand for."""

from collections.abc import Mapping
from dataclasses import replace

import torch

from pikan import factory, network_factory
from pikan.network.product import FullProduct
from pikan.planning.planner import complete_member
from pikan.problem.classification import linear
from pikan.problem.family import inner_values, member
from pikan.problem.statement import Problem
from pikan.solvers.discovery.discover import discover_and_fit
from pikan.solvers.high_dimensional.search import search
from pikan.solvers.identification.identify import identify
from pikan.solvers.level import SolverResult
from pikan.solvers.parametric.family import (
    LARGEST,
    LARGEST_OF_MANY,
    solve_family,
)
from pikan.solvers.parametric.members import FamilySettings
from pikan.solvers.replay import Events
from pikan.solvers.schedule import run_schedule, run_slabs
from pikan.solvers.spectral.branch_refinement import refine_branch, refine_near
from pikan.solvers.spectral.region_refinement import refine_in_region
from pikan.solvers.spectral_elements.automatic import (
    solve_by_elements,
    solve_by_polynomials_or_elements,
)
from pikan.solvers.time_marching.march import march_in_time
from pikan.solvers.variational.minimize import minimize_energy
from pikan.spec.networks import ProductSettings
from pikan.spec.schema import Spec
from pikan.spec.stages.climb import ClimbStage
from pikan.spec.stages.elements import ElementsStage
from pikan.spec.stages.identify import IdentifyStage
from pikan.spec.stages.march import MarchStage
from pikan.spec.stages.minimize import MinimizeStage


def solver_events(spec: Spec, problem: Problem, generator: torch.Generator) -> Events[SolverResult]:
    """The way that the spec takes to a solution, for all values of parameters where there are."""
    if problem.parameters:
        return solve_family(problem, _family_settings(spec, problem, generator))
    return _events_of_one(spec, problem, generator)


def _events_of_one(
    spec: Spec, problem: Problem, generator: torch.Generator
) -> Events[SolverResult]:
    """The way that the stages of the spec take."""
    match spec.training:
        case (ClimbStage(climb=asked),):
            if isinstance(spec.network, ProductSettings) and spec.network.rank is None:
                return search(problem, factory.search_settings(spec, problem, asked), generator)
            settings = factory.p_refinement_settings(spec, problem, asked)
            if problem.region is not None:
                singular = factory.singular_settings(spec, problem, asked)
                return refine_in_region(problem, settings, singular)
            return refine_branch(problem, settings)
        case (ClimbStage(climb=asked), ElementsStage(elements=cells)):
            climb = factory.p_refinement_settings(spec, problem, asked)
            settings = factory.element_settings(spec, problem, cells)
            return solve_by_polynomials_or_elements(problem, climb, settings)
        case (ElementsStage(elements=cells),):
            return solve_by_elements(problem, factory.element_settings(spec, problem, cells))
        case (IdentifyStage(identify=asked),):
            settings = factory.identification_settings(spec, problem, asked)
            return (discover_and_fit if problem.discover else identify)(problem, settings)
        case (MinimizeStage(minimize=asked),):
            return minimize_energy(problem, factory.energy_settings(spec, problem, asked))
        case (MarchStage(march=asked),):
            return march_in_time(problem, factory.marching_settings(spec, problem, asked))
        case _:
            parts = factory.schedule_settings(spec, problem, generator)
            edges = factory.edges(spec, problem)
            if edges is None:
                return run_schedule(network_factory.rest(spec, problem), parts)
            return run_slabs(problem, parts, edges)


def _family_settings(spec: Spec, problem: Problem, generator: torch.Generator) -> FamilySettings:
    """What a family is made with: every member is a problem file of its own."""

    def solve_member(
        values: Mapping[str, float], near: SolverResult | None
    ) -> Events[SolverResult]:
        # Errors are measured for all members together, and reading formulas takes its time.
        own = replace(member(problem, values), exact=None)
        degrees = None
        if near is not None and isinstance(near.network, FullProduct):
            degrees = tuple(basis.degree for basis in near.network.axes())
        completed = complete_member(spec, own, values, degrees)
        match completed.network, completed.training:
            case (ProductSettings(), (ClimbStage(climb=asked), *_)) if near and not linear(own):
                refined = factory.p_refinement_settings(completed, own, asked)
                found = yield from refine_near(own, refined, near)
                if found is not None:
                    return found
            case _:
                pass
        return (yield from solver_events(completed, own, generator))

    inside = member(problem, inner_values(problem.parameters))
    assert spec.accuracy is not None
    return FamilySettings(
        spec.accuracy,
        LARGEST if len(problem.parameters) == 1 else LARGEST_OF_MANY,
        solve_member,
        factory.samples(spec, inside),
        spec.seed,
    )
