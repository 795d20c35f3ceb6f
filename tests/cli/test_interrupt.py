import signal
from collections.abc import Generator
from threading import Event

import pytest

from pikan.cli.interrupt import drive, interruptible


def count(to: int) -> Generator[int, None, str]:
    reached = 0
    try:
        while reached < to:
            reached += 1
            yield reached
    except KeyboardInterrupt:
        return f"stopped at {reached}"
    return "finished"


def test_work_that_is_left_alone_finishes_and_shows_every_step():
    shown: list[int] = []
    assert drive(count(3), shown.append, Event()) == "finished"
    assert shown == [1, 2, 3]


def test_work_that_yields_nothing_still_returns_its_result():
    assert drive(count(0), lambda step: None, Event()) == "finished"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_work_after_the_step_with_its_best_result(number):
    with interruptible() as asked:

        def show(step: int) -> None:
            if step == 2:
                signal.raise_signal(number)

        assert drive(count(9), show, asked) == "stopped at 2"


def test_the_second_signal_ends_at_once():
    with interruptible() as asked:
        signal.raise_signal(signal.SIGINT)
        assert asked.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_under_torchrun_the_second_signal_is_the_first_one_handed_on(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with interruptible() as asked:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert asked.is_set()


def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with interruptible():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
