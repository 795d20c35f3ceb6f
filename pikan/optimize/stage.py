"""What every stage of training offers: a run that yields its progress, then says how it ended."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import torch
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

    `loss` and `blocks` belong to `theta`; `blocks` holds |r|² of each block by label, its
    weighted mean square. These add up to twice the loss. `state` is None where the stage would
    begin anew.
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


def progress(
    stage: Stage,
    objective: Objective,
    step: int,
    steps: int,
    theta: Float[Tensor, " p"],
    residual: Float[Tensor, " r"],
    state: State | None = None,
) -> StageProgress:
    """The state of a stage whose best point so far is `theta`, where r is `residual`."""
    squares = residual.detach().square()
    parts = torch.stack([squares[block.rows].sum() for block in objective.blocks]).tolist()
    blocks = dict(zip((block.label for block in objective.blocks), parts, strict=True))
    loss = 0.5 * float(squares.sum())
    return StageProgress(stage.name, step, steps, theta.detach().clone(), loss, blocks, state)


def faulty(objective: Objective, rows: Float[Tensor, "r ..."]) -> str:
    """The blocks with rows that are not finite, or so large that their squares are not."""
    finite = [bool(rows[block.rows].square().sum().isfinite()) for block in objective.blocks]
    blocks = zip(objective.blocks, finite, strict=True)
    return ", ".join(f"'{block.label}'" for block, good in blocks if not good)


def start_failure(stage: str, where: str) -> Outcome:
    """The outcome where something is not finite before the first step."""
    return Outcome(
        "diverged",
        f"{where} is not finite at the start of {stage}; take another seed or network, or "
        "units in which the numbers of the problem are moderate",
    )
