"""Atomic writes: a file is the old one or the new one, never half of one."""

import os
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from errno import EDQUOT, EFBIG, ENOSPC
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryFile

FULL = frozenset({ENOSPC, EDQUOT, EFBIG})
"""What the system says where there is no room for a file."""


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Put contents at paths in their order, if there is room for all; else at none of them.

    Each lies beside its path first, so that the renames are atomic [POSIX rename(2)]. All contents
    reach the disk before the first rename, and the renames before this ends, where the system has
    a way to ask for that [POSIX fsync(2)]. Folders on the way are made. OSErrors name the path.
    """
    drafts = {path: path.with_name(f".{path.name}.{token_hex(4)}") for path in contents}
    path = Path()
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with drafts[path].open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path, draft in drafts.items():
            draft.replace(path)
        for folder in {path.parent for path in contents}:
            # Where folders are not opened like files their lists reach the disk by themselves.
            with suppress(OSError), ExitStack() as stack:
                opened = os.open(folder, os.O_RDONLY)
                stack.callback(os.close, opened)
                os.fsync(opened)
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror or str(fault), str(path)) from None
    finally:
        for draft in drafts.values():
            # Where its folder could not be made there is none either.
            with suppress(OSError):
                draft.unlink()


def write_bytes(path: Path, content: bytes) -> None:
    """Put `content` at `path`, all of it or nothing."""
    write_together({path: content})


def write_text(path: Path, content: str) -> None:
    """Put `content` at `path` in UTF-8, all of it or nothing."""
    write_bytes(path, content.encode())


def check_room(folder: Path) -> None:
    """OSError with the name of a folder where not even a byte can be written."""
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(b"\0")
            file.flush()
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror or str(fault), str(folder)) from None
