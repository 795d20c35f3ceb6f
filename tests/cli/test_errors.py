import signal

import pytest
import typer

from pikan.cli.errors import input_errors
from pikan.cli.interrupt import interruptible


@pytest.mark.parametrize(
    ("failure", "code", "said"),
    [
        (BlockingIOError(11, "a run is at work", "results"), 2, "results: a run is at work\n"),
        (PermissionError(13, "Permission denied", "a"), 4, "a: Permission denied; see to that, or"),
        (OSError(28, "No space left on device", "a"), 4, "a: No space left on device; make room"),
        (KeyboardInterrupt(), 130, "interrupted before there was anything to keep"),
    ],
)
def test_what_comes_from_outside_is_said_in_a_sentence(capsys, failure, code, said):
    with pytest.raises(typer.Exit) as ended, input_errors():
        raise failure
    assert ended.value.exit_code == code
    assert said in capsys.readouterr().err


def test_only_a_second_interrupt_ends_at_once(capsys):
    with interruptible() as asked:
        asked.set()
        with pytest.raises(typer.Exit), input_errors():
            signal.raise_signal(signal.SIGINT)
    assert "interrupted at once" in capsys.readouterr().err


def test_what_comes_from_inside_passes_through():
    with pytest.raises(ZeroDivisionError), input_errors():
        raise ZeroDivisionError
