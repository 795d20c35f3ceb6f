"""Replay log: the results of finished steps, so that a resumed run need not repeat them."""

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import TypeVar, Union, final

import torch
from jaxtyping import UInt8
from torch import Tensor

from pikan.solvers.replay import Cached, Event, Events, InProgress, StepFinished, StepStarted
from pikan.storage.checkpoint import CachedResult, UnfinishedStep
from pikan.storage.serialize import Serialized, deserialize, serialize

T = TypeVar("T")


@final
@dataclass
class _Step:
    """A part of a run that has not ended.

    The first `recalled` parts in it that are `done` have been asked for. It has shown `seen`
    events of its own, of which the first `shown` are those from before an interruption. The
    generator stood at `generator` when it began.
    """

    generator: UInt8[Tensor, " _"]
    done: list[CachedResult] = field(default_factory=list[CachedResult])
    recalled: int = 0
    seen: int = 0
    shown: int = 0


@final
class ReplayLog:
    """Answers what a run asks, and remembers what it tells.

    A run does the same whenever it does it, given the same problem and generator: what it came to
    is enough to bring it back to where it was.
    """

    def __init__(
        self,
        generator: torch.Generator,
        device: torch.device,
        frames: tuple[UnfinishedStep, ...] = (UnfinishedStep((), 0),),
        in_progress: Serialized | None = None,
    ) -> None:
        start = generator.get_state()
        first, *inner = [_Step(start, list(frame.done), shown=frame.seen) for frame in frames]
        self._open, self._inner, self._going = [first], inner, in_progress
        self._generator, self._device = generator, device

    def step_started(self, kinds: tuple[type, ...]) -> Cached | InProgress | None:
        """The answer to `StepStarted`."""
        here = self._open[-1]
        if here.recalled < len(here.done):
            entry = here.done[here.recalled]
            here.recalled += 1
            if entry.generator is not None:
                self._generator.set_state(entry.generator)
            return Cached(deserialize(entry.result, Union[kinds], self._device))  # noqa: UP007
        drawn = self._generator.get_state()
        part = replace(self._inner.pop(0), generator=drawn) if self._inner else _Step(drawn)
        self._open.append(part)
        if self._inner or self._going is None:
            return None
        going = deserialize(self._going, InProgress | None, self._device)
        self._going = None
        if not isinstance(going, InProgress):
            return None
        # It shows its last event once more, and none of those before.
        part.shown = 1
        return going

    def step_finished(self, result: object) -> object:
        """The answer to `StepFinished`."""
        part, drawn = self._open.pop(), self._generator.get_state()
        here, made = self._open[-1], serialize(result)
        here.done.append(CachedResult(made, None if torch.equal(drawn, part.generator) else drawn))
        here.recalled = len(here.done)
        return deserialize(made, type(result), self._device)

    def is_new(self) -> bool:
        """Whether the event that has just come was not shown before the interruption."""
        here = self._open[-1]
        here.seen += 1
        return here.seen > here.shown

    def frames(self) -> tuple[UnfinishedStep, ...]:
        """The unfinished parts, the whole run first."""
        return tuple(UnfinishedStep(tuple(part.done), part.seen) for part in self._open)


def replay(run: Events[T], journal: ReplayLog) -> Generator[Event, None, T]:
    """The events of a run that were not shown before, its questions answered from a journal."""
    answer: object = None
    while True:
        try:
            said = run.send(answer)
        except StopIteration as end:
            return end.value
        answer = None
        match said:
            case StepStarted(kinds):
                answer = journal.step_started(kinds)
            case StepFinished(result):
                answer = journal.step_finished(result)
            case Event():
                if journal.is_new():
                    yield said
