"""A file is the old one or the new one, never a half of one."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """A path to write to, which becomes `path` when the block ends well and vanishes when not.

    It lies in the same folder, so that the rename is atomic [POSIX rename(2)]. Its content reaches
    the disk before the rename, and the rename before this ends, where the system has a way to ask
    for that [POSIX fsync(2)]. Folders on the way to `path` are made. OSErrors name `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        yield draft
        with draft.open("r+b") as file:
            os.fsync(file.fileno())
        draft.replace(path)
        with suppress(OSError):
            _settle(path.parent)
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror or str(fault), str(path)) from None
    finally:
        draft.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """Have what a folder lists reach the disk; OSError where folders are not opened like files."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def write_bytes(path: Path, content: bytes) -> None:
    """Put `content` at `path`, all of it or nothing."""
    write_together({path: content})


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Put contents at paths, where there is room for all, in their order: the last one last."""
    *others, last = contents
    with replacing(last) as draft:
        draft.write_bytes(contents[last])
        if others:
            write_together({path: contents[path] for path in others})


def write_text(path: Path, content: str) -> None:
    """Put `content` at `path` in UTF-8, all of it or nothing."""
    write_bytes(path, content.encode())
