"""pikan itself: accuracies asked for one after the other, or its schedule of Adam and L-BFGS.

Asked for an accuracy, pikan solves the bare problem file from the start: every accuracy gives one
pair of error and time. The classical schedule gives the errors on its way.
"""

import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import pikan
from peers.task import Answer, Task, answer, error
from pikan.solution import Solution

PROBLEMS = Path(__file__).resolve().parents[2] / "problems"
ACCURACIES = (1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12)
# Set for the process: "automatic", or the basis of a classical problem file.
KIND = os.environ.get("PIKAN_KIND", "automatic")


def automatic(task: Task) -> Answer:
    """Ask for more and more, until an accuracy is not reached or the time is up."""
    trace: list[tuple[float, float]] = []
    parameters = None
    for accuracy in ACCURACIES:
        file = PROBLEMS / f"{task.problem}.yaml"
        settings = {"accuracy": accuracy, "time_limit": task.seconds, "seed": task.seed}
        solution, share = timed(file, settings)
        parameters = solution.report.network.parameters
        trace.append((share * solution.report.seconds.training, judged(solution, task)))
        if solution.outcome.kind != "converged":
            break
    asked = ", ".join(f"{accuracy:.0e}" for accuracy in ACCURACIES[: len(trace)])
    settings_in_words = f"the bare problem file, accuracies {asked} asked, each from the start"
    return Answer(
        sorted(trace),
        settings_in_words,
        f"problems/{task.problem}.yaml",
        pikan.__version__,
        "float64",
        parameters,
    )


def classical(basis: str, task: Task) -> Answer:
    """The errors on the way through Adam and L-BFGS, the last one at the points of the task."""
    file = PROBLEMS / "classical" / f"{task.problem}_{basis}.yaml"
    solution, share = timed(file, {"time_limit": task.seconds, "seed": task.seed})
    trace = [
        (share * record.seconds, record.error)
        for record in solution.history
        if record.error is not None
    ]
    thinned = [pair for i, pair in enumerate(trace) if i == 0 or pair[1] != trace[i - 1][1]]
    end = (share * solution.report.seconds.training, judged(solution, task))
    return Answer(
        [*thinned, end],
        f"one KAN of {basis} functions from a random start, Adam, then L-BFGS",
        f"problems/classical/{file.name}",
        pikan.__version__,
        "float64",
        solution.report.network.parameters,
    )


# Any: each of the keywords of `solve` has a type of its own.
def timed(file: Path, settings: dict[str, Any]) -> tuple[Solution, float]:
    """A solution, and which share of the clock's time the processor worked for it, at most all."""
    clock, processor = time.perf_counter(), time.process_time()
    solution = pikan.solve(file, **settings)
    passed = time.perf_counter() - clock
    return solution, min(1.0, (time.process_time() - processor) / passed)


def judged(solution: Solution, task: Task) -> float:
    """The error at the points of a task."""
    return error(lambda points: np.asarray(solution(points)), task)


if __name__ == "__main__":
    answer(automatic if KIND == "automatic" else partial(classical, KIND))
