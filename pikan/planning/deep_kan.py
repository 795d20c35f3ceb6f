"""What pikan chooses for a deep KAN where a file is silent, and why.

As measured in docs/deep_kans.md: conditions built in, a smooth start, Gauss-Newton steps along the
curvature of the residual; where a layer is thin, continuation in the small constant and points
that follow the residual.
"""

from pikan.bases.registry import families
from pikan.expression.wording import word_list
from pikan.problem.classification import small_constant
from pikan.problem.statement import Problem
from pikan.problem.trial_solution import TrialSolution, trial_solution
from pikan.spec.networks import KANSettings, Network
from pikan.spec.schema import PointSettings, Sampling
from pikan.spec.stages.continuation import ContinuationSettings, ContinuationStage
from pikan.spec.stages.gauss_newton import GaussNewtonSettings, GaussNewtonStage, RedrawSettings
from pikan.spec.stages.stage import TrainingStage

# Hidden layers: two, and three of more nodes and lower degree where a layer is thin.
_SMOOTH, _THIN, _THIN_SPLINES = (8, 8), (9, 9, 9), (8, 8, 8)
_DEGREE, _THIN_DEGREE, _CELLS = 5, 3, 4
# Steps of problems that are smooth, at each value of a small constant, and at its own.
_STEPS, _AT_EACH, _AT_FIRST, _AT_LAST = 150, 12, 15, 200
# Rows for each parameter, and points of a first draw in thin layers.
_ROWS, _FEW = 6, 2000
# The part of a column's largest length that is kept, and the damping at the start.
_MEMORY, _DAMPING = 0.95, 1e-2


def is_deep(network: Network | None, training: tuple[TrainingStage, ...] | None) -> bool:
    """Whether a file asks for a deep KAN and leaves its training open."""
    return (
        isinstance(network, KANSettings)
        and training is None
        and network.start in (None, "decaying")
        and network.windows is None
    )


def deep_kan(network: KANSettings, problem: Problem) -> KANSettings:
    """The network with what the file leaves out."""
    thin = small_constant(problem) is not None
    basis = network.basis or "chebyshev"
    cells = any(each.cells for each in families(basis))
    fourier = isinstance(basis, str) and basis.startswith("fourier")
    layered = _THIN_SPLINES if cells else _THIN
    hidden = layered if thin else _SMOOTH
    degree = 4 if fourier else _THIN_DEGREE if thin and not cells else _DEGREE
    update = {
        "width": network.width or (problem.box.dimension, *hidden, len(problem.unknowns)),
        "basis": basis,
        "degree": network.degree or degree,
        "grid": network.grid or (_CELLS if cells else None),
        "base": network.base or "none",
        "start": "decaying",
        "squash": network.squash or ("none" if fourier else "tanh"),
        "conditions": network.conditions or "built_in",
    }
    return network.model_copy(update=update)


def deep_training(problem: Problem, sampling: Sampling) -> tuple[TrainingStage, ...]:
    """Gauss-Newton alone, and after a continuation where a layer is thin."""
    constant = small_constant(problem)
    if constant is None:
        return (_gauss_newton(_STEPS, None),)
    last = sampling.interior.points if isinstance(sampling.interior.points, int) else None
    continuation = ContinuationSettings(
        constant=constant, steps=_AT_EACH, redraw=RedrawSettings(every=4, points=_FEW)
    )
    return (
        ContinuationStage(continuation=continuation),
        _gauss_newton(_AT_FIRST, RedrawSettings(every=5, points=_FEW)),
        _gauss_newton(_AT_LAST, RedrawSettings(every=20, points=last)),
    )


def _gauss_newton(steps: int, redraw: RedrawSettings | None) -> GaussNewtonStage:
    return GaussNewtonStage(
        gauss_newton=GaussNewtonSettings(
            steps=steps, damping=_DAMPING, geodesic=True, memory=_MEMORY, redraw=redraw
        )
    )


def deep_points(parameters: int, problem: Problem) -> PointSettings:
    """As many points as determine the parameters several times."""
    return PointSettings(
        method="sobol", points=max(256, -(-_ROWS * parameters // len(problem.equations)))
    )


def deep_reason(network: KANSettings, problem: Problem) -> str:
    """Why it is so, in a sentence."""
    constant = small_constant(problem)
    assert network.width is not None
    hidden = word_list([str(width) for width in network.width[1:-1]])
    how = (
        "a smooth start rescaled on points, Gauss-Newton with geodesic acceleration"
        if constant is None
        else f"continuation in {constant}, which makes thin layers, Gauss-Newton with geodesic "
        "acceleration on points that follow the residual"
    )
    return f"network: a deep KAN with hidden layers of {hidden}; {how}"


def open_conditions(network: Network, problem: Problem) -> bool:
    """Whether any condition is left to rows."""
    found = _trial_solution(network, problem)
    rest = problem if found is None else found.rest
    return bool(rest.conditions or rest.periodic)


def _trial_solution(network: Network, problem: Problem) -> TrialSolution | None:
    if network.conditions != "built_in":
        return None
    return trial_solution(problem, turns=network.kind != "product")


def condition_reasons(network: Network, problem: Problem, *, chosen: bool) -> tuple[str, ...]:
    """What is built into a network, where that is pikan's choice, and why the rest is not."""
    found = _trial_solution(network, problem)
    if found is None:
        return ()
    left = {one.label for one in (*found.rest.conditions, *found.rest.periodic)}
    every = [one.label for one in (*problem.conditions, *problem.periodic)]
    built = [label for label in dict.fromkeys(every) if label not in left]
    said = f"conditions: {word_list(built)} built in" if built else "conditions: none built in"
    left_over = tuple(f"conditions: {reason}" for reason in found.reasons)
    return (said, *left_over) if chosen else left_over
