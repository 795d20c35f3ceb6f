"""What every stage of training offers: a run that yields its progress, then says how it ended."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, final

from jaxtyping import Float
from torch import Tensor

from pikan.optimize.objective import Objective
from pikan.optimize.outcome import Outcome


class State(ABC):  # noqa: B024 (what a stage needs is its own)
    """All that a stage needs to go on after a step, beside its settings and its objective.

    The stage may change it in place as it goes on: whoever wants to keep it copies it before.
    """


@final
@dataclass(frozen=True)
class StageProgress:
    """Where a stage stands after `step` of at most `steps` steps.

    `loss` and `blocks` belong to `theta`; `blocks` holds the objective's parts by label: |r|² of
    each block of least squares, its weighted mean square, which add up to twice the loss. `state`
    is None where the stage would begin anew.
    """

    stage: str
    step: int
    steps: int
    theta: Float[Tensor, " p"]
    loss: float
    blocks: Mapping[str, float]
    state: State | None = None


class Stage(ABC):
    """One way of lowering an objective."""

    name: ClassVar[str]

    @abstractmethod
    def run(
        self, objective: Objective, theta: Float[Tensor, " p"], state: State | None = None
    ) -> Generator[StageProgress, None, Outcome]:
        """Yields its progress from step 0, the start, and returns how it ended.

        From the `state` of an earlier run of the same stage it goes on to the same bits, and
        yields first what that run yielded last; with None, and with a state of another stage, it
        starts at `theta`.

        The caller may close it at any time. Each `theta` that it yields is finite and its own:
        the caller may keep it. `theta` as given is not changed. Nothing is yielded if the
        residual is not finite at the start.
        """


class StageResult(NamedTuple):
    """The last parameters of a stage, and how it ended."""

    theta: Float[Tensor, " p"]
    outcome: Outcome


@final
class StageRun:
    """A stage under way, to be gone through once: its progress, and then its result."""

    def __init__(
        self,
        stage: Stage,
        objective: Objective,
        theta: Float[Tensor, " p"],
        state: State | None = None,
    ) -> None:
        self.theta = theta
        self.outcome: Outcome | None = None
        self._run = stage.run(objective, theta, state)

    def __iter__(self) -> Generator[StageProgress]:
        with closing(self._run):
            while True:
                try:
                    made = next(self._run)
                except StopIteration as end:
                    self.outcome = end.value
                    return
                self.theta = made.theta
                yield made

    def result(self) -> StageResult:
        """The last parameters and the outcome, once the stage has ended."""
        assert self.outcome is not None
        return StageResult(self.theta, self.outcome)


def progress(
    stage: Stage,
    objective: Objective,
    step: int,
    steps: int,
    theta: Float[Tensor, " p"],
    rows: Float[Tensor, " r"],
    state: State | None = None,
) -> StageProgress:
    """The state of a stage whose best point so far is `theta`, with these rows of the objective."""
    loss, parts = objective.value(rows), objective.parts(rows)
    return StageProgress(stage.name, step, steps, theta.detach().clone(), loss, parts, state)


def start_failure(stage: str, where: str) -> Outcome:
    """The outcome where something is not finite before the first step."""
    return Outcome(
        "diverged",
        f"{where} is not finite at the start of {stage}; take another seed or network, or "
        "units in which the numbers of the problem are moderate",
    )
