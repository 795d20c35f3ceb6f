"""A file of numbers and texts, read without executing anything and written all or not at all.

To everybody else it is HDF5. Behind what HDF5 takes notice of stand an index, which says where in
the file each array lies, the length of the index, and a digest of all before. pikan reads by the
index: in a hostile file HDF5 may turn in circles until the memory is full.
"""

import json
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from reprlib import repr as brief
from typing import final

import h5py
import numpy as np
from jaxtyping import Shaped

from pikan.files.atomic import write_together

SCHEMA = 4
# What a run is called in its folder.
FILE = "run.h5"
# No run takes more: what SSBroyden knows of 10^4 parameters takes a tenth of it [bytes].
_MOST = 2**33
# No index is longer [bytes].
_LONGEST = 10**7
# How many bytes a digest has, and the length of the index.
_SEAL, _LENGTH = sha256().digest_size, 8
# Booleans, whole numbers and floats.
_NUMBERS = re.compile(r"[<>|][biuf][0-9]{1,2}")

Arrays = Mapping[str, Shaped[np.ndarray, "*_"]]
"""The arrays of a file or of a group in it, by their paths: `state/center`."""


@final
class ArchiveError(ValueError):
    """A file is not a run that this version of pikan can read."""


@contextmanager
def writing(
    path: Path,
    before: Mapping[Path, bytes] | None = None,
    after: Mapping[Path, bytes] | None = None,
) -> Generator[h5py.File, None, None]:
    """A file to fill, which takes the place of `path` when the block ends well.

    Other contents take their places just `before` and `after`, if there is room for all.

    It is made in memory and written as a whole: HDF5 does not survive a disk that is full.
    OSError with the name of the file where it cannot be written.
    """
    with h5py.File(path.name, "w", driver="core", backing_store=False) as file:
        yield file
        file.flush()
        content = file.id.get_file_image()
        index = _index(file)
    write_together({**(before or {}), path: seal(content, index), **(after or {})})


def clear_drafts(path: Path) -> None:
    """Remove what a process that was killed while it wrote a file has left beside it."""
    for draft in path.parent.glob(f".{path.name}.*"):
        draft.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Generator[Arrays, None, None]:
    """The arrays of a file; ArchiveError where what is in it is not as it should be.

    They are read while the block lasts, and what fails in it is the fault of the file.
    """
    try:
        yield _open(_content(path))
    except ArchiveError as fault:
        raise ArchiveError(f"{path}: {fault}") from None
    except (ArithmeticError, OSError, LookupError, TypeError, ValueError, RuntimeError) as fault:
        # What is raised depends on the byte that is wrong, and torch adds pages to it.
        said = str(fault).partition("\n")[0]
        raise ArchiveError(f"{path}: this is no run of pikan, or it is damaged ({said})") from None


def seal(content: bytes, index: Mapping[str, object]) -> bytes:
    """The bytes of a file with an index of its arrays and their digest behind them.

    The index has, for each path, the type of the numbers, the shape, and where they begin [bytes].
    """
    listed = json.dumps({"schema": SCHEMA, "arrays": index}, separators=(",", ":")).encode()
    listed += len(listed).to_bytes(_LENGTH, "little")
    digest = sha256(content)
    digest.update(listed)
    return content + listed + digest.digest()


def put_text(group: h5py.Group, name: str, text: str) -> None:
    """Keep a text as bytes of UTF-8, so that no type of the file needs an object of Python."""
    group[name] = np.frombuffer(text.encode(), dtype=np.uint8)


def get_text(arrays: Arrays, name: str) -> str:
    """The text that `put_text` kept."""
    if name not in arrays:
        raise ArchiveError(f"'{name}' is missing")
    return arrays[name].astype(np.uint8).tobytes().decode()


def get_group(arrays: Arrays, name: str) -> Arrays:
    """The arrays of a group by their paths in it; none where nothing was kept in it."""
    inside = f"{name}/"
    return {path.removeprefix(inside): a for path, a in arrays.items() if path.startswith(inside)}


def names(arrays: Arrays) -> tuple[str, ...]:
    """What there is in a group: arrays, and groups that hold some."""
    return tuple(dict.fromkeys(path.partition("/")[0] for path in arrays))


def _index(file: h5py.File) -> Mapping[str, object]:
    found: dict[str, object] = {}

    def note(path: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            # Nothing is kept of an array without entries.
            found[path] = [item.dtype.str, item.shape, item.id.get_offset() or 0]

    file.visititems(note)
    return found


def _content(path: Path) -> memoryview:
    """All bytes before the digest, which is that of the file."""
    if not path.exists():
        raise ArchiveError("there is no such file")
    # Whoever opens a pipe waits for its other end.
    if not path.is_file():
        raise ArchiveError("this is no file; name the folder that a run has left")
    if path.stat().st_size > _MOST:
        raise ArchiveError(f"this is no run of pikan: it has more than {_MOST} bytes")
    try:
        content = memoryview(path.read_bytes())
    except OSError as fault:
        raise ArchiveError(f"cannot be read: {fault.strerror}") from None
    if sha256(content[:-_SEAL]).digest() != bytes(content[-_SEAL:]):
        raise ArchiveError("this is no run of pikan, or it is damaged: its digest is another")
    return content[:-_SEAL]


def _open(content: memoryview) -> Arrays:
    """The arrays in the bytes of a file, as the index says."""
    length = int.from_bytes(content[-_LENGTH:], "little")
    end = len(content) - _LENGTH - length
    if length > _LONGEST or end < 0:
        raise ArchiveError(f"this is no run of schema {SCHEMA}, the only one pikan reads")
    match json.loads(bytes(content[end:-_LENGTH])):
        case {"schema": schema, "arrays": {**listed}} if schema == SCHEMA:
            found = {str(path): _array_view(content[:end], entry) for path, entry in listed.items()}
        case _:
            raise ArchiveError(f"this is no run of schema {SCHEMA}, the only one pikan reads")
    # Arrays that share their bytes could come to more than there is memory.
    if sum(array.nbytes for array in found.values()) > end:
        raise ArchiveError("this is no run of pikan: its arrays are larger than the file")
    return found


def _array_view(content: memoryview, entry: object) -> Shaped[np.ndarray, "*_"]:
    """A view of the array of an entry; NumPy raises where it goes beyond the last byte."""
    match entry:
        case [str(kind), [*sizes], int(begin)] if _NUMBERS.fullmatch(kind):
            shape = [int(size) for size in sizes]
            if min((begin, *shape)) >= 0:
                return np.ndarray(shape, np.dtype(kind), buffer=content, offset=begin)
        case _:
            pass
    raise ArchiveError(f"the index has {brief(entry)}, which is no array of a run")
