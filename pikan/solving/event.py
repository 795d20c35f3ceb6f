"""What a run says on its way to a solution, and what it asks of whoever keeps it."""

from collections.abc import Callable, Generator
from typing import NamedTuple, TypeAlias, TypeVar

from pikan.network.base import Network
from pikan.training.stage import Progress, State


class Going(NamedTuple):
    """A stage that is under way: its state, and the largest loss so far."""

    state: State
    largest: float


class Event(NamedTuple):
    """Progress inside a level, and a way to the best whole solution so far.

    `best` makes the network anew only when asked; it gives None before there is one. `going` is
    None where what makes the progress would begin again.
    """

    level: str
    progress: Progress
    best: Callable[[], Network | None]
    going: Going | None = None


class Begins(NamedTuple):
    """A part of the run begins, whose result has one of these types.

    It is answered with the result if that is `Known`, with the `Going` of a stage that was
    interrupted in this very part, else with None.
    """

    kinds: tuple[type, ...]


class Ends(NamedTuple):
    """The last part that began ends with a result.

    It is answered with the result as it would be known, so that a run that goes on works with the
    same bits in the same places.
    """

    result: object


class Known(NamedTuple):
    """The result of a part, from before the run was interrupted."""

    result: object


T = TypeVar("T")
Events: TypeAlias = Generator[Event | Begins | Ends, object, T]


def kept(work: Events[T], *kinds: type[T]) -> Events[T]:
    """The result of `work`, one of `kinds`, which is not done again where it is known."""
    answer = yield Begins(kinds)
    result = answer.result if isinstance(answer, Known) else (yield Ends((yield from work)))
    assert isinstance(result, kinds)
    return result
