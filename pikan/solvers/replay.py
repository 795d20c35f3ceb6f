"""Resumable steps: events of a run, and memoized results of its steps."""

from collections.abc import Callable, Generator
from typing import NamedTuple, TypeAlias, TypeVar

from pikan.network.base import Network
from pikan.optimize.stage import StageProgress, State
from pikan.solvers.found import NOTHING, Identification


class InProgress(NamedTuple):
    """A stage that is under way: its state, and the largest loss so far."""

    state: State
    largest: float


class Event(NamedTuple):
    """Progress inside a level, and a way to the best whole solution so far.

    `best` makes the network anew only when asked; it gives None before there is one. `in_progress`
    is None where what makes the progress would begin again. `found` are all solutions found
    of several, the one that is taken first; `identification` is what data have told so far.
    """

    level: str
    progress: StageProgress
    best: Callable[[], Network | None]
    in_progress: InProgress | None = None
    found: tuple[Network, ...] = ()
    identification: Identification = NOTHING


class StepStarted(NamedTuple):
    """A part of the run begins, whose result has one of these types.

    It is answered with the result if that is `Cached`, with the `InProgress` of a stage that was
    interrupted in this very part, else with None.
    """

    kinds: tuple[type, ...]


class StepFinished(NamedTuple):
    """The last part that began ends with a result.

    It is answered with the result as it would be known, so that a run that goes on works with the
    same bits in the same places.
    """

    result: object


class Cached(NamedTuple):
    """The result of a part, from before the run was interrupted."""

    result: object


T = TypeVar("T")
Events: TypeAlias = Generator[Event | StepStarted | StepFinished, object, T]


def memoize(work: Events[T], *kinds: type[T]) -> Events[T]:
    """The result of `work`, one of `kinds`, which is not done again where it is known."""
    return resume(lambda _: work, *kinds)


def resume(work: Callable[[InProgress | None], Events[T]], *kinds: type[T]) -> Events[T]:
    """The same for work that goes on from where it was interrupted, None where it begins."""
    answer = yield StepStarted(kinds)
    if isinstance(answer, Cached):
        result = answer.result
    else:
        going = answer if isinstance(answer, InProgress) else None
        result = yield StepFinished((yield from work(going)))
    assert isinstance(result, kinds)
    return result


def map_events(work: Events[T], change: Callable[[Event], Event]) -> Events[T]:
    """The result of `work`, with every event changed."""
    answer: object = None
    while True:
        try:
            step = work.send(answer)
        except StopIteration as end:
            return end.value
        answer = yield change(step) if isinstance(step, Event) else step


def progress_events(
    work: Generator[StageProgress, None, T], event: Callable[[StageProgress], Event]
) -> Events[T]:
    """The result of work that yields its progress, as events."""
    while True:
        try:
            progress = next(work)
        except StopIteration as end:
            return end.value
        yield event(progress)
