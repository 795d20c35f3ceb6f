"""What the parts of a run have come to, so that a run that goes on need not repeat them."""

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import TypeVar, Union, final

import torch
from jaxtyping import UInt8
from torch import Tensor

from pikan.archive.checkpoint import Entry, Frame
from pikan.archive.packing import Packed, packed, unpacked
from pikan.solving.event import Begins, Ends, Event, Events, Going, Known

T = TypeVar("T")


@final
@dataclass
class _Part:
    """A part of a run that has not ended.

    The first `recalled` parts in it that are `done` have been asked for. It has shown `seen`
    events of its own, of which the first `shown` are those from before an interruption. The
    generator stood at `drawn` when it began.
    """

    drawn: UInt8[Tensor, " _"]
    done: list[Entry] = field(default_factory=list[Entry])
    recalled: int = 0
    seen: int = 0
    shown: int = 0


@final
class Journal:
    """Answers what a run asks, and remembers what it tells.

    A run does the same whenever it does it, given the same problem and generator: what it came to
    is enough to bring it back to where it was.
    """

    def __init__(
        self,
        generator: torch.Generator,
        device: torch.device,
        frames: tuple[Frame, ...] = (Frame((), 0),),
        going: Packed | None = None,
    ) -> None:
        start = generator.get_state()
        first, *inner = [_Part(start, list(frame.done), shown=frame.seen) for frame in frames]
        self._open, self._inner, self._going = [first], inner, going
        self._generator, self._device = generator, device

    def begins(self, kinds: tuple[type, ...]) -> Known | Going | None:
        """The answer to `Begins`."""
        here = self._open[-1]
        if here.recalled < len(here.done):
            entry = here.done[here.recalled]
            here.recalled += 1
            if entry.generator is not None:
                self._generator.set_state(entry.generator)
            return Known(unpacked(entry.result, Union[kinds], self._device))  # noqa: UP007
        drawn = self._generator.get_state()
        part = replace(self._inner.pop(0), drawn=drawn) if self._inner else _Part(drawn)
        self._open.append(part)
        if self._inner or self._going is None:
            return None
        going = unpacked(self._going, Going | None, self._device)
        self._going = None
        if not isinstance(going, Going):
            return None
        # It shows its last event once more, and none of those before.
        part.shown = 1
        return going

    def ends(self, result: object) -> object:
        """The answer to `Ends`."""
        part, drawn = self._open.pop(), self._generator.get_state()
        here, made = self._open[-1], packed(result)
        here.done.append(Entry(made, None if torch.equal(drawn, part.drawn) else drawn))
        here.recalled = len(here.done)
        return unpacked(made, type(result), self._device)

    def new(self) -> bool:
        """Whether the event that has just come was not shown before the interruption."""
        here = self._open[-1]
        here.seen += 1
        return here.seen > here.shown

    def frames(self) -> tuple[Frame, ...]:
        """The unfinished parts, the whole run first."""
        return tuple(Frame(tuple(part.done), part.seen) for part in self._open)


def followed(run: Events[T], journal: Journal) -> Generator[Event, None, T]:
    """The events of a run that were not shown before, its questions answered from a journal."""
    answer: object = None
    while True:
        try:
            said = run.send(answer)
        except StopIteration as end:
            return end.value
        answer = None
        match said:
            case Begins(kinds):
                answer = journal.begins(kinds)
            case Ends(result):
                answer = journal.ends(result)
            case Event():
                if journal.new():
                    yield said
