"""Output that goes nowhere any more: it is dropped, and the work goes on."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from io import BufferedWriter, FileIO, RawIOBase, TextIOWrapper, UnsupportedOperation
from typing import final


@final
class _BrokenPipeFile(FileIO):
    """A file whose reader may go away, or whose disk may be full."""

    def write(  # pyright: ignore[reportIncompatibleMethodOverride]  Buffer has no name in 3.11
        self, content: bytes | bytearray | memoryview, /
    ) -> int:
        """How many bytes were written, or dropped."""
        try:
            return super().write(content)
        except OSError:
            return len(content)


def _raw(number: int) -> RawIOBase:
    return _BrokenPipeFile(number, "w", closefd=False)


@contextmanager
def tolerate_broken_pipe() -> Generator[None, None, None]:
    """Inside, `sys.stdout` may lose its reader, as in `pikan solve FILE | head -1`, or its disk."""
    before = sys.stdout
    try:
        number = before.fileno()
    except UnsupportedOperation:
        # A stream of Python's own, as in a notebook, has no reader to lose.
        yield
        return
    before.flush()
    # Line by line, so that what is written before the work begins can be read meanwhile.
    sys.stdout = TextIOWrapper(
        BufferedWriter(_raw(number)),
        encoding=before.encoding,
        errors=before.errors,
        line_buffering=True,
    )
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stdout = before
