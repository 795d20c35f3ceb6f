"""Arrays in an HDF5 file that may be damaged or hostile: of bounded size, and from nowhere else.

This runs in a process of its own, which `pikan.files.sandbox` starts: in some files HDF5 turns in
circles (seen in 2.0), and nothing but the end of its process ends that.
"""

import json
import math
import sys
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import final

import h5py
import numpy as np
from jaxtyping import Shaped

# No file of ours, and no file of data, has as many entries in one group.
MOST_NAMES = 10_000
# What the parts that HDF5 reads at a time may take in memory [bytes].
LARGEST_PART = 100_000_000
# Deflate makes no byte out of less than one of its own in this many: 258 bytes out of two bits.
DEFLATED = 1032
# How numbers may be packed, in the order in which that is done; all else is left to other readers.
PACKINGS = ((), ("gzip",), ("shuffle", "gzip"))
# The time and the memory that reading may take beside what Python takes [s, bytes], and those for
# each byte of the file, which may unpack to a hundred.
SECONDS, PACE = 0.5, 1e-6
ROOM, UNPACKED = 100_000_000, 100


@final
class HDF5Error(ValueError):
    """What is wrong with a part of a file, in a sentence without the name of the file."""


def names(group: h5py.Group) -> tuple[str, ...]:
    """What there is in a group; HDF5Error where it does not come to an end."""
    found: list[bytes] = []

    def note(name: bytes) -> bool | None:
        found.append(name)
        return True if len(found) > MOST_NAMES else None

    # h5py's own loop goes on for ever in a damaged file: it cannot be left half way.
    group.id.links.iterate(note)
    if len(found) > MOST_NAMES:
        raise HDF5Error(f"there are more than {MOST_NAMES} names; the file is damaged")
    return tuple(name.decode("utf-8", "replace") for name in found)


def own(group: h5py.Group, name: str) -> object:
    """What has a name in a group, perhaps `a/b`; None where the name leads elsewhere."""
    first, _, rest = name.partition("/")
    # A soft link may lead to another file by way of an external one.
    if not isinstance(group.get(first, getlink=True), h5py.HardLink):
        return None
    found = group[first]
    if not rest:
        return found
    return own(found, rest) if isinstance(found, h5py.Group) else None


def array(group: h5py.Group, name: str, most: int) -> Shaped[np.ndarray, "*_"]:
    """The numbers of a dataset; HDF5Error where they are no numbers, too many, or elsewhere."""
    stored = own(group, name)
    if not isinstance(stored, h5py.Dataset):
        raise HDF5Error("is a link or no array; store the array itself")
    if stored.external or stored.is_virtual:
        raise HDF5Error("lies in another file; copy it here")
    if stored.dtype.kind not in "iufb":
        raise HDF5Error(f"has entries of type {stored.dtype}; give real numbers")
    if stored.size is None or stored.size > most:
        raise HDF5Error(
            f"claims {float(stored.size or 0):.3g} numbers; at most {most:.3g} are read"
        )
    _check_packing(stored)
    return np.asarray(stored[()])


def _check_packing(stored: h5py.Dataset) -> None:
    """Nothing unpacks to more than it should: HDF5 makes room for whatever comes out."""
    pipeline = stored.id.get_create_plist()
    kinds = [pipeline.get_filter(index)[0] for index in range(pipeline.get_nfilters())]
    known = {h5py.h5z.FILTER_DEFLATE: "gzip", h5py.h5z.FILTER_SHUFFLE: "shuffle"}
    # A checksum takes four bytes and gives none back.
    packing = tuple(
        known.get(kind, "other") for kind in kinds if kind != h5py.h5z.FILTER_FLETCHER32
    )
    if packing not in PACKINGS:
        raise HDF5Error("is packed in a way that is not read; store it plainly, or with gzip")
    part = math.prod(stored.chunks or ()) * stored.dtype.itemsize
    if stored.chunks and part > LARGEST_PART:
        raise HDF5Error(f"is stored in parts of {part:.2g} bytes; store it plainly")
    if "gzip" in packing and stored.id.get_storage_size() * DEFLATED > LARGEST_PART:
        for index in range(stored.id.get_num_chunks()):
            at = stored.id.get_chunk_info(index).chunk_offset
            _check_part(stored.id.read_direct_chunk(at)[1], part)


def _check_part(content: bytes, size: int) -> None:
    unpacking = zlib.decompressobj()
    if len(unpacking.decompress(content, size + 1)) > size:
        raise HDF5Error(f"unpacks to more than the {size} bytes that it claims")


def confine(size: int) -> None:
    """Ends this process where a file of so many bytes takes too long, or too much memory.

    Where the system knows no such limits, as on Windows, whoever waits for it has to end it.
    """
    try:
        import resource
        import signal
    except ImportError:
        return
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, SECONDS + PACE * size)
    mapped = Path("/proc/self/statm")
    if mapped.exists():
        now = int(mapped.read_text().split()[0]) * resource.getpagesize()
        most = now + ROOM + UNPACKED * size
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def lines(file: Path, wanted: Sequence[str], most: int) -> Iterator[bytes]:
    """The names in a file, then what is wrong with each array, and that, as JSON and .npy files."""
    with h5py.File(file, "r") as opened:
        listed = names(opened)
        yield json.dumps(listed).encode() + b"\n"
        for name in wanted if set(wanted) <= set(listed) else ():
            try:
                found, fault = array(opened, name, most), ""
            except HDF5Error as error:
                found, fault = np.zeros(0), str(error)
            written = BytesIO()
            np.save(written, found, allow_pickle=False)
            yield json.dumps(fault).encode() + b"\n"
            yield written.getvalue()


if __name__ == "__main__":
    source = Path(sys.argv[1])
    confine(source.stat().st_size)
    sys.stdout.buffer.writelines(lines(source, sys.argv[3:], int(sys.argv[2])))
