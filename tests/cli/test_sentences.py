import signal

import pytest
import typer

from pikan.cli.interrupt import interruptible
from pikan.cli.sentences import sentences


@pytest.mark.parametrize(
    ("failure", "code", "said"),
    [
        (PermissionError(13, "Permission denied", "results"), 2, "results: Permission denied"),
        (KeyboardInterrupt(), 130, "interrupted before there was anything to keep"),
    ],
)
def test_what_comes_from_outside_is_said_in_a_sentence(capsys, failure, code, said):
    with pytest.raises(typer.Exit) as ended, sentences():
        raise failure
    assert ended.value.exit_code == code
    assert said in capsys.readouterr().err


def test_only_a_second_interrupt_ends_at_once(capsys):
    with interruptible() as asked:
        asked.set()
        with pytest.raises(typer.Exit), sentences():
            signal.raise_signal(signal.SIGINT)
    assert "interrupted at once" in capsys.readouterr().err


def test_what_comes_from_inside_passes_through():
    with pytest.raises(ZeroDivisionError), sentences():
        raise ZeroDivisionError
