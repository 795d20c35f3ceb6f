"""A KAN solution of a problem as a model, and a model as a solution again."""

from copy import deepcopy
from dataclasses import replace

from pikan.assessment import held_out_points, kind, residuals
from pikan.evaluation import evaluation
from pikan.kan.arguments import ModelError
from pikan.network.base import Network
from pikan.network.kan import KANNetwork, Scaling
from pikan.network.parameters import digest
from pikan.network.trial import TrialNetwork
from pikan.network.width import node_count
from pikan.optimize.outcome import Outcome
from pikan.report.errors import errors
from pikan.report.report import NetworkFacts
from pikan.solution import Solution

# What the outcome of a solution says once its network is another.
_CHANGED = "its network was changed after the run; errors and residuals are those of the new one"


def solution_network(solution: Solution) -> KANNetwork:
    """The network of a solution, as models have it; ModelError where it is no single KAN.

    Of a solution with conditions built in it is the field inside, which is not the solution itself.
    """
    inner = solution.network
    inner = inner.network if isinstance(inner, TrialNetwork) else inner
    if not isinstance(inner, KANNetwork):
        raise ModelError(
            f"KAN.from_solution: got a solution by {kind(solution.network)}, needs one by a KAN; "
            "write network: {kind: kan} into the problem file"
        )
    network = deepcopy(inner)
    if network.scaling is None:
        ones = network.center.new_ones(node_count(network.widths[-1]))
        network.scaling = Scaling(ones, ones - 1)
    return network


def with_network(solution: Solution, network: KANNetwork) -> Solution:
    """The solution with another network, and a report of what that reaches; nothing is estimated.

    ModelError where its inputs and outputs are not the coordinates and unknowns of the problem.
    """
    problem = solution.problem
    trial = solution.network if isinstance(solution.network, TrialNetwork) else None
    ends = len(network.center), node_count(network.widths[-1])
    turns = 0 if trial is None else len(trial.functions.periodic)
    needed = len(problem.coordinates) + turns, len(problem.unknowns)
    if ends != needed:
        raise ModelError(
            f"to_solution: got {ends[0]} inputs and {ends[1]} outputs, "
            f"needs {needed[0]} and {needed[1]}"
        )
    network = deepcopy(network).to(solution.network.center)
    whole: Network = network
    if trial is not None:
        # The trial solution with another network inside.
        lower, upper = (trial.center - trial.scale).tolist(), (trial.center + trial.scale).tolist()
        whole = TrialNetwork(network, trial.functions, lower, upper).to(trial.center)
    points = held_out_points(problem, whole.center.unsqueeze(0))
    outcome = Outcome("finished", _CHANGED)
    count = sum(parameter.numel() for parameter in network.parameters())
    report = replace(
        solution.report,
        outcome=outcome.kind,
        message=outcome.message,
        errors=errors(problem, evaluation(problem, whole)),
        estimate=None,
        residuals=residuals(problem, whole, points),
        network=NetworkFacts(kind(whole), count, float(whole.outside(points.interior))),
        hashes=replace(solution.report.hashes, weights=digest(whole)),
        alternatives=(),
    )
    return replace(solution, network=whole, outcome=outcome, report=report, checkpoint=None)
