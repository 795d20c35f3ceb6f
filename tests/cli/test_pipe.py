"""A reader that goes away takes nothing with it."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

from pikan.cli.pipe import tolerate_broken_pipe


@contextmanager
def piped(monkeypatch):
    """Standard output as a pipe; gives the end to read from."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        yield reading


def test_what_is_written_arrives(monkeypatch):
    with piped(monkeypatch) as reading:
        before = sys.stdout
        with tolerate_broken_pipe():
            sys.stdout.write("first\nsecond")
        assert sys.stdout is before
    assert os.read(reading, 99) == b"first\nsecond"
    os.close(reading)


def test_writing_goes_on_when_nobody_reads(monkeypatch):
    with piped(monkeypatch) as reading, tolerate_broken_pipe():
        sys.stdout.write("first\n")
        os.close(reading)
        for _ in range(9):
            sys.stdout.write("more\n" * 9999)


def test_a_stream_without_a_number_is_left_alone(capsys):
    before = sys.stdout
    with tolerate_broken_pipe():
        assert sys.stdout is before
        sys.stdout.write("told")
    assert capsys.readouterr().out == "told"


def test_writing_goes_on_when_the_disk_is_full(monkeypatch):
    with Path("/dev/full").open("w") as full, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", full)
        with tolerate_broken_pipe():
            sys.stdout.write("first\n" * 9999)
