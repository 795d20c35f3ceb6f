"""Ctrl-C and SIGTERM as a question that long work answers between two steps."""

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Event
from typing import TypeVar

from pikan.cli.torchrun import processes

Step = TypeVar("Step")
Result = TypeVar("Result")


@contextmanager
def interruptible() -> Generator[Event, None, None]:
    """An event that the first Ctrl-C or SIGTERM sets; the second raises `KeyboardInterrupt`.

    Not under `torchrun`, which hands on to its processes what a terminal has sent them already.
    The old handlers come back when the block ends. Works in the main thread only.
    """
    asked = Event()

    def ask(*_: object) -> None:
        if asked.is_set() and processes() == 1:
            raise KeyboardInterrupt("interrupted at once; what was not saved before is lost")
        asked.set()

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, ask) for number in signals}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def drive(
    steps: Generator[Step, None, Result], show: Callable[[Step], None], asked: Event
) -> Result:
    """What `steps` returns; each step is shown, and `KeyboardInterrupt` thrown in once asked.

    The generator answers that by returning what it has. Of several processes that work together
    all are asked where one is: none may wait for another that has ended.
    """
    # Long work has imported torch by now; a sound file need not have been found before.
    from pikan.linalg.distributed import any_process

    try:
        step = next(steps)
        while True:
            show(step)
            stop = any_process(asked.is_set())
            step = steps.throw(KeyboardInterrupt()) if stop else next(steps)
    except StopIteration as end:
        return end.value
