"""What a run has come to, as a solution: from its network, or from the folder it has left."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from platform import node

import torch

from pikan import factory
from pikan.assessment import estimate_error, final_outcome, held_out_points, kind, residuals
from pikan.causes import cause
from pikan.evaluation import evaluation
from pikan.expression.tree import text
from pikan.functionals import functional_values
from pikan.monitor import Monitor
from pikan.network.parameters import digest
from pikan.network.parametric import ParametricProduct
from pikan.network.piecewise import PiecewiseProduct
from pikan.optimize.outcome import Outcome
from pikan.planning.planner import member_spec
from pikan.problem.family import member
from pikan.problem.statement import Problem, with_constants
from pikan.references import data, observations
from pikan.report.errors import errors
from pikan.report.report import (
    Estimate,
    Hashes,
    NetworkFacts,
    Report,
    Seconds,
    reaches,
    stages,
    versions,
)
from pikan.residuals.relative_residual import RelativeResidual, largest, misfits
from pikan.solution import Solution
from pikan.solvers.discovery.discover import with_discovered
from pikan.solvers.found import DiscoveredEquation, FoundConstant, FoundFunction
from pikan.solvers.level import SolverResult
from pikan.solvers.spectral.alternatives import alternatives
from pikan.solvers.time_slab import end_of, solved_part
from pikan.spec import formulas, reader, writer
from pikan.spec.known_solutions import ReferenceSettings
from pikan.spec.outlines import with_points
from pikan.spec.schema import DataSettings, Spec
from pikan.storage import run_archive as archive
from pikan.storage.checkpoint import Checkpoint
from pikan.storage.file import FILE, ArchiveError
from pikan.storage.folder import RESOLVED
from pikan.validation import validate

_UNTIL = (
    "it is solved until t = {:.6g} and nan from there on; errors and residuals are those until then"
)


def load(folder: str | Path) -> Solution:
    """The solution that a run has left in a folder; ArchiveError where there is none."""
    kept = archive.read_run(Path(folder, FILE))
    spec = reader.parse_spec(kept.spec, str(Path(folder, RESOLVED)), Path(folder))
    problem, network = formulas.problem(spec), archive.network(kept)
    if isinstance(network, PiecewiseProduct):
        if len(problem.pieces) != len(network.pieces()):
            raise ArchiveError(
                f"{Path(folder, FILE)}: its network has other pieces than its problem"
            )
        network = PiecewiseProduct(network.pieces(), [one.region for one in problem.pieces])
    # A march keeps its edges in double precision whatever its networks have.
    middle = network.center[None].to(next(network.parameters()))
    sizes = middle.shape[1], network(middle).shape[1]
    if sizes != (len(problem.coordinates), len(problem.unknowns)):
        raise ArchiveError(
            f"{Path(folder, FILE)}: its network has {sizes[0]} coordinates and {sizes[1]} unknowns,"
            " and its problem has others"
        )
    told = kept.report
    problem = with_found(problem, told.found, told.discovered, told.functions)
    outcome = Outcome(kept.report.outcome, kept.report.message)
    make = _make_member if problem.parameters else None
    return Solution(
        problem, network, kept.spec, outcome, kept.history, kept.report, make_member=make
    )


def _make_member(family: Solution, values: Mapping[str, float]) -> Solution:
    """The member of a solved family for some values: its own problem, network and report."""
    network = family.network
    assert isinstance(network, ParametricProduct)
    named = ", ".join(f"{name} = {value:.6g}" for name, value in values.items())
    spec = member_spec(reader.parse_spec(family.spec, "the family", Path()), values)
    spec = spec.model_copy(update={"title": f"{family.problem.title}: {named}"})
    problem = replace(member(family.problem, values), title=spec.title)
    made, text = network.at(list(values.values())), writer.dump(spec)
    points = held_out_points(problem, factory.samples(spec, problem).points)
    report = replace(
        family.report,
        errors=errors(problem, evaluation(problem, made)),
        quantities=functional_values(problem, made, None, _relative(family.report.estimate)),
        residuals=residuals(problem, made, points),
        network=NetworkFacts(kind(made), made.coefficients.numel()),
        family=None,
        reasons=(f"a member of a family that is solved for all values, at {named}",),
        stages=(),
        hashes=Hashes(sha256(text.encode()).hexdigest(), digest(made)),
    )
    return Solution(problem, made, text, family.outcome, (), report)


def solution_of(
    spec: Spec,
    resolved: str,
    problem: Problem,
    level: SolverResult,
    monitor: Monitor,
    checkpoint: Checkpoint | None,
) -> Solution:
    """The level's network with its report; `resolved` is the resolved problem file.

    Where a march came to no end the report is about the time until where it came.
    """
    trained, history = monitor.seconds(), tuple(monitor.history)
    network, identified = level.network, level.identification
    problem = with_found(problem, identified.found, identified.discovered, identified.functions)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    part = solved_part(problem, network)
    samples = factory.samples(spec, part)
    points = held_out_points(part, samples.points)
    facts = NetworkFacts(kind(network), parameters, float(network.outside(points.interior)))
    every = tuple(misfits(part, network, samples))
    left = largest(every)
    others = alternatives(problem, samples, network, level.found)
    outcome = level.outcome
    if others is not None:
        outcome = Outcome(outcome.kind, f"{outcome.message}; {others.sentence}")
    outcome = final_outcome(outcome, every, spec.accuracy)
    # What data tell is judged by its constants, whose intervals stand beside them.
    estimate = None if identified.inverse else estimate_error(level, outcome, left)
    told, end = errors(part, evaluation(part, network)), end_of(problem, network)
    reached = spec.accuracy is not None and reaches(told, estimate, spec.accuracy)
    if outcome.kind == "out of budget" and reached and end is None:
        outcome = Outcome("converged", f"the accuracy is reached; {outcome.message}")
    elif (
        level.estimate is None
        and not identified.inverse
        and outcome.kind == "converged"
        and not reached
    ):
        # Nothing was compared with another level: only an accuracy says what is good enough.
        outcome = Outcome("finished", outcome.message)
    if not identified.inverse:
        outcome = _explain(outcome, problem, left)
    if end is not None:
        outcome = Outcome(outcome.kind, f"{outcome.message}; {_UNTIL.format(end)}")
    compared = validate(outcome, part, told, estimate, left, spec.accuracy)
    # What is not the known solution has no error that levels could tell of.
    estimate = estimate if compared.kind == outcome.kind else None
    report = Report(
        problem=problem.name,
        outcome=compared.kind,
        message=compared.message,
        errors=told,
        quantities={}
        if problem.parameters
        else functional_values(problem, network, level.lower, _relative(estimate)),
        units=problem.units,
        estimate=estimate,
        alternatives=() if others is None else others.others,
        found=identified.found,
        functions=identified.functions,
        forecast=identified.forecast,
        correlation=identified.correlation,
        data=identified.data,
        agreement=identified.agreement,
        family=level.family,
        discovered=identified.discovered,
        residuals=residuals(part, network, points),
        network=facts,
        seed=spec.seed,
        dtype=spec.dtype,
        device=spec.device,
        threads=torch.get_num_threads(),
        seconds=Seconds(total=monitor.total(), training=trained),
        stages=stages(history),
        versions=versions(),
        hashes=Hashes(sha256(resolved.encode()).hexdigest(), digest(network)),
        date=datetime.now().astimezone().isoformat(timespec="seconds"),
        file=spec.origin.file,
        host=node(),
    )
    make = _make_member if problem.parameters else None
    return Solution(problem, network, resolved, compared, history, report, checkpoint, make)


def _relative(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate.relative_l2


def with_found(
    problem: Problem,
    found: Mapping[str, FoundConstant],
    discovered: tuple[DiscoveredEquation, ...],
    functions: Mapping[str, FoundFunction],
) -> Problem:
    """The problem with the values of its unknown constants and the equations discovered."""
    values = {one.name: found[one.name].value for one in problem.find if one.name in found}
    values |= {name: one for each in functions.values() for name, one in each.coefficients.items()}
    stated = with_constants(problem, values)
    return with_discovered(stated, discovered) if discovered else stated


def _explain(outcome: Outcome, problem: Problem, left: RelativeResidual) -> Outcome:
    """The outcome, with the likeliest cause where a solution was not found to the accuracy."""
    if outcome.kind not in ("stalled", "diverged", "out of budget"):
        return outcome
    why = cause(problem, left, stalled=outcome.kind == "stalled")
    if why is None or why in outcome.message:
        return outcome
    return Outcome(outcome.kind, f"{outcome.message}; {why}")


def resolved_text(spec: Spec, problem: Problem) -> str:
    """The text of the resolved problem file of a completed spec.

    Its data are where the solution leaves them: beside the problem file.
    """
    changes: dict[str, object] = {}
    if isinstance(problem.exact, data.ReferenceData):
        coordinates = {name: name for name in problem.coordinates}
        unknowns = {name: name for name in problem.exact.unknowns}
        changes["reference"] = ReferenceSettings(
            file=data.KEPT, coordinates=coordinates, unknowns=unknowns
        )
    if problem.observations:
        changes["data"] = tuple(
            DataSettings(
                file=observations.KEPT,
                coordinates={name: f"{name}{k}" for name in problem.coordinates},
                observed={f"value{k}": text(one.formula)},
                noise=None if one.noise is None else f"noise{k}",
            )
            for k, one in enumerate(problem.observations)
        )
    changed = spec.model_copy(update=changes)
    if problem.region is not None:
        changed = with_points(changed, [problem.coordinates[k] for k in problem.region.axes])
    return writer.dump(changed)
