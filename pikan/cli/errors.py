"""The error handler: faults of the input as sentences on stderr, and exit codes."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import NoReturn

import typer

from pikan.files.atomic import FULL

FAULTY, UNWRITTEN, INTERRUPTED = 2, 4, 130


@contextmanager
def input_errors() -> Generator[None, None, None]:
    """Inside, a fault of the input ends the command with one line per fault, no traceback.

    So does a second Ctrl-C, which brings its own words, and the first where nothing waits for it,
    and a disk that is full or may not be written to.
    """
    from pikan.spec.faults import SpecError

    try:
        yield
    except SpecError as error:
        refuse(*map(str, error.faults), fault_count(len(error.faults)))
    except KeyboardInterrupt as interrupt:
        typer.echo(str(interrupt) or "interrupted before there was anything to keep", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        raise
    except BlockingIOError as error:
        refuse(_system_error(error))
    except OSError as error:
        remedy = "make room there" if error.errno in FULL else "see to that"
        typer.echo(f"{_system_error(error)}; {remedy}, or take another folder", err=True)
        raise typer.Exit(UNWRITTEN) from None


def _system_error(error: OSError) -> str:
    """What the system says, and of which file."""
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}"


def refuse(*lines: str) -> NoReturn:
    """End the command because of its input, after these lines on stderr."""
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(FAULTY)


def fault_count(faults: int) -> str:
    """How many faults there were.

    >>> fault_count(1), fault_count(3)
    ('1 fault; nothing was written', '3 faults; nothing was written')
    """
    return f"{faults} fault{'' if faults == 1 else 's'}; nothing was written"
