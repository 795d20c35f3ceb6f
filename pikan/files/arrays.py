"""Named arrays of numbers out of .npz, .mat, .csv and .h5 files, with nothing in them executed."""

import csv
import math
import mmap
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TextIO, final

import numpy as np
from jaxtyping import Float

from pikan.files import matlab, sandbox

Array = Float[np.ndarray, "*_"]
Reader = Callable[[Path, tuple[str, ...]], dict[str, np.ndarray]]

# A compressed file is measured by what it unpacks to [numbers], any file as it is [bytes].
LARGEST = 50_000_000
LARGEST_FILE = 8 * LARGEST
# Lists of what is in a file, and lines of text, are shorter than this [bytes].
LONGEST = 1_000_000
# Names that may have been meant are looked for among so many.
MOST_SHOWN = 1000
# Where a .zip file ends, which may be followed by a comment [bytes].
ZIP_END, ZIP_TAIL = b"PK\x05\x06", 2**16
# How HDF5 begins, and where a .mat file of version 7.3 may have that [bytes].
HDF5, HDF5_BEGINS = b"\x89HDF\r\n\x1a\n", (0, 512)
# What NumPy and the standard library raise on bytes that are not what a file's name says.
DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    csv.Error,
    zlib.error,
)


@final
class DataError(ValueError):
    """A data file that cannot be used: what was found, and what would do, in one sentence."""


def read_arrays(
    path: Path, names: Iterable[str], missing: Iterable[str] = ()
) -> Mapping[str, Array]:
    """The arrays of those names, as float64; DataError for anything but finite real numbers.

    In those named in `missing` a value may be missing: NaN, or nothing at all in a .csv file.

    The end of the file's name says what it holds: .npz, .mat (version 5 or later), .csv with
    names in its first line, .h5 or .hdf5. At most 50 million numbers are read.
    """
    wanted = tuple(dict.fromkeys(names))
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            f"the data file '{path.name}' ends in {path.suffix!r}; give one of {', '.join(READERS)}"
        )
    try:
        _check_file(path)
        found = reader(path, wanted)
    except DataError:
        raise
    except (OSError, *DAMAGE) as error:
        raise DataError(
            f"the data file '{path.name}' cannot be read as {path.suffix.lower()}: {_short(error)}"
        ) from error
    may_miss = frozenset(missing)
    return {name: _numbers(path, name, found[name], name in may_miss) for name in wanted}


def _npz(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    _check_listing(path)
    with zipfile.ZipFile(path) as archive:
        members = {
            member.filename.removesuffix(".npy"): member
            for member in archive.infolist()
            if member.filename.endswith(".npy")
        }
        _check_names(path, names, members)
        _check_size(path, sum(_declared_size(path, archive, members[name]) for name in names))
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in names}


def _check_listing(path: Path) -> None:
    """The list of what is in a .zip file is short, as its end says.

    Source: PKWARE, APPNOTE 6.3.10, section 4.3.16.
    """
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - ZIP_TAIL))
        _, _, rest = file.read().rpartition(ZIP_END)
    if struct.unpack("<I", rest[8:12])[0] > LONGEST:
        raise DataError(f"'{path.name}' lists more arrays than are read; take some out")


def _declared_size(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """How many numbers an array is to have, as its first line says."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"'{path.name}' is packed in a way that is not read; use numpy.savez")
    with archive.open(member) as stream:
        short = np.lib.format.read_magic(stream) == (1, 0)
        header = (
            np.lib.format.read_array_header_1_0 if short else np.lib.format.read_array_header_2_0
        )
        return math.prod(header(stream)[0])


def _mat(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    with path.open("rb") as file:
        content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    # Version 7.3 is HDF5, mostly behind a block of text; its arrays have their axes in reverse.
    if HDF5 in (bytes(content[begin : begin + len(HDF5)]) for begin in HDF5_BEGINS):
        return {name: array.T for name, array in _hdf5(path, names).items()}
    found = matlab.variables(content)
    _check_names(path, names, found)
    _check_size(path, sum(math.prod(found[name].shape) for name in names))
    return {name: matlab.array(found[name]) for name in names}


def _hdf5(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    found = sandbox.read_in_sandbox(path, names, LARGEST // len(names))
    _check_names(path, names, found.names)
    for name, (_, fault) in found.arrays.items():
        if fault:
            raise DataError(f"{name!r} in '{path.name}' {fault}")
    return {name: array for name, (array, _) in found.arrays.items()}


def _csv(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(_lines(path, file), skipinitialspace=True)
        # numpy.savetxt marks its header with a '#'.
        header = [name.strip("# ") for name in next(rows, [])]
        _check_names(path, names, header)
        places = [header.index(name) for name in names]
        entries = (
            entry for row in rows if row for entry in _row(path, rows.line_num, row, header, places)
        )
        table = np.fromiter(entries, dtype=float).reshape(-1, len(names))
    return dict(zip(names, table.T, strict=True))


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    while line := file.readline(LONGEST):
        if len(line) == LONGEST:
            raise DataError(f"a line of '{path.name}' has over {LONGEST} characters; break it")
        yield line


def _row(
    path: Path, line: int, row: list[str], header: list[str], places: list[int]
) -> list[float]:
    if len(row) != len(header):
        raise DataError(
            f"line {line} of '{path.name}' has {len(row)} entries; the first line names"
            f" {len(header)} columns"
        )
    try:
        return [float(row[place]) if row[place].strip() else math.nan for place in places]
    except ValueError as error:
        raise DataError(f"line {line} of '{path.name}' holds no number: {_short(error)}") from error


READERS: Mapping[str, Reader] = {
    ".npz": _npz,
    ".mat": _mat,
    ".csv": _csv,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
}


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise DataError(f"the data file '{path.name}' is not there; give the path of a file")
    if (size := path.stat().st_size) > LARGEST_FILE:
        raise DataError(
            f"'{path.name}' has {size / 1e6:.0f} MB; at most {LARGEST_FILE / 1e6:.0f} are read:"
            " thin it out"
        )


def _check_size(path: Path, count: int) -> None:
    if count > LARGEST:
        raise DataError(
            f"'{path.name}' claims {float(count):.3g} numbers; at most {LARGEST:.3g} are read:"
            " thin it out"
        )


def _check_names(path: Path, names: tuple[str, ...], inside: Iterable[str]) -> None:
    known = tuple(inside)
    for name in names:
        if name in known:
            continue
        shown = [_printable(other) for other in known[:MOST_SHOWN]]
        close = get_close_matches(name, shown, n=1)
        remedy = f"did you mean {close[0]!r}?" if close else f"it has {_some(shown)}"
        raise DataError(f"there is no {name!r} in '{path.name}'; {remedy}")


def _numbers(path: Path, name: str, found: np.ndarray, may_miss: bool) -> Array:
    if found.dtype.kind not in "iuf":
        raise _no_numbers(path, name, found.dtype)
    if not found.size:
        raise DataError(f"{name!r} in '{path.name}' is empty; give at least one number")
    array = found.astype(np.float64)
    bad = np.isinf(array) if may_miss else ~np.isfinite(array)
    if faults := int(bad.sum()):
        raise DataError(
            f"{name!r} in '{path.name}' has {faults} of {array.size} entries that are missing or "
            "not finite; remove them"
        )
    return array


def _no_numbers(path: Path, name: str, dtype: np.dtype) -> DataError:
    return DataError(f"{name!r} in '{path.name}' has entries of type {dtype}; give real numbers")


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8])
    return f"{shown}, ..." if len(names) > 8 else shown or "nothing"


def _printable(name: str) -> str:
    """A name out of a file, which may be anything, as it can stand in a sentence."""
    return "".join(filter(str.isprintable, name[:30]))


def _short(error: Exception) -> str:
    first = str(error).strip().split("\n")[0]
    return first[:100] or type(error).__name__
