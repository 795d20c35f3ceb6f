"""A file of numbers and texts, read without executing anything and written all or not at all."""

from collections.abc import Generator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import final

import h5py
import numpy as np
from jaxtyping import Shaped

from pikan.exact import hdf5
from pikan.report.files import write_bytes
from pikan.report.report import ReportError

SCHEMA = 1
# What a run is called in its folder.
FILE = "run.h5"
# No array of a run has as many numbers; a damaged or hostile file may claim anything.
_MOST = 2**27
# How many bytes a digest has.
_SEAL = sha256().digest_size


@final
class ArchiveError(ValueError):
    """A file is not a run that this version of pikan can read."""


@contextmanager
def writing(path: Path) -> Generator[h5py.File, None, None]:
    """A file to fill, which takes the place of `path` when the block ends well.

    It ends with a digest of all before, which HDF5 takes no notice of. It is made in memory and
    written as a whole: HDF5 does not survive a disk that is full.
    OSError with the name of the file where it cannot be written.
    """
    with h5py.File(path.name, "w", driver="core", backing_store=False) as file:
        file.attrs["schema"] = SCHEMA
        yield file
        file.flush()
        content = file.id.get_file_image()
    try:
        write_bytes(path, sealed(content))
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror, str(path)) from None


def clear_drafts(path: Path) -> None:
    """Remove what a process that was killed while it wrote a file has left beside it."""
    for draft in path.parent.glob(f".{path.name}.*"):
        draft.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Generator[h5py.File, None, None]:
    """A file to read; ArchiveError where there is none, or what is in it is not as it should be."""
    try:
        content = path.read_bytes()
        # In a damaged file HDF5 may turn in circles until the memory is full.
        if content != sealed(content[:-_SEAL]):
            raise ArchiveError("this is no run of pikan, or it is damaged: its digest is another")
        # Opened are the bytes that were checked, whatever has become of the file since.
        with h5py.File(h5py.h5f.open_file_image(content)) as file:
            if file.attrs.get("schema") != SCHEMA:
                raise ArchiveError(f"this is no run of schema {SCHEMA}, the only one pikan reads")
            yield file
    except FileNotFoundError:
        raise ArchiveError(f"{path}: there is no such file") from None
    except (ArchiveError, ReportError) as fault:
        raise ArchiveError(f"{path}: {fault}") from None
    except (OSError, LookupError, TypeError, ValueError, RuntimeError) as fault:
        # What h5py raises depends on the byte that is wrong.
        raise ArchiveError(f"{path}: this is no run of pikan, or it is damaged ({fault})") from None


def sealed(content: bytes) -> bytes:
    """The bytes of a file with their digest behind them."""
    return content + sha256(content).digest()


def put_text(group: h5py.Group, name: str, text: str) -> None:
    """Keep a text as bytes of UTF-8, so that no type of the file needs an object of Python."""
    group[name] = np.frombuffer(text.encode(), dtype=np.uint8)


def get_text(group: h5py.Group, name: str) -> str:
    """The text that `put_text` kept."""
    return get_array(group, name).astype(np.uint8).tobytes().decode()


def get_group(parent: h5py.Group, name: str) -> h5py.Group:
    """The group of a name."""
    found = hdf5.own(parent, name)
    if not isinstance(found, h5py.Group):
        raise ArchiveError(f"'{name}' is missing or is no group")
    return found


def names(group: h5py.Group) -> tuple[str, ...]:
    """What there is in a group."""
    try:
        return hdf5.names(group)
    except hdf5.HDF5Error as fault:
        raise ArchiveError(f"'{group.name}': {fault}") from None


def get_array(group: h5py.Group, name: str) -> Shaped[np.ndarray, "*_"]:
    """A plain array of numbers that lies in this file; nothing else is read."""
    try:
        return hdf5.array(group, name, _MOST)
    except hdf5.HDF5Error as fault:
        raise ArchiveError(f"'{name}' {fault}") from None
