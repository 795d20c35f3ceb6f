"""The process in which data files are read: its time and memory are bounded by the file's size.

On damaged files SciPy's reader of MATLAB files may end the process (seen in 1.17), and HDF5 may
turn in circles or take all memory (seen in 2.0). `pikan.files.arrays` starts it, and goes on.
"""

import json
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

import numpy as np
from jaxtyping import Float

from pikan.files.arrays import FORMATS, LARGEST, UNUSABLE, DataError
from pikan.files.formats.contents import Contents

# The time and the memory that reading may take beside what Python takes [s, bytes], and those for
# each byte of the file, which may unpack to a hundred.
SECONDS, PACE = 0.5, 1e-6
ROOM, UNPACKED = 100_000_000, 100
# Names that may have been meant are looked for among so many, of which a few are listed.
_MOST_SHOWN, _LISTED = 1000, 8


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


def arrays(
    path: Path, inside: Contents, names: Sequence[str], missing: Sequence[str]
) -> list[Float[np.ndarray, "*_"]]:
    """The finite numbers of arrays in a file; DataError where one is missing or holds others.

    In those that are `missing` some may be NaN.
    """
    for name in names:
        if name not in inside.names:
            shown = ["".join(filter(str.isprintable, each[:30])) for each in inside.names]
            close = get_close_matches(name, shown[:_MOST_SHOWN], n=1)
            listed = ", ".join([*shown[:_LISTED], *(["..."] if len(shown) > _LISTED else [])])
            remedy = f"did you mean {close[0]!r}?" if close else f"it has {listed or 'nothing'}"
            raise DataError(f"there is no {name!r} in '{path.name}'; {remedy}")
    _check_size(path, inside.size(names))
    found = inside.load(names)
    _check_size(path, sum(array.size for array in found))
    named = zip(names, found, strict=True)
    return [_numbers(path, name, array, name in missing) for name, array in named]


def _check_size(path: Path, count: int) -> None:
    if count > LARGEST:
        raise DataError(
            f"'{path.name}' claims {float(count):.3g} numbers; at most {LARGEST:.3g} are read:"
            " thin it out"
        )


def _numbers(path: Path, name: str, found: np.ndarray, may_miss: bool) -> Float[np.ndarray, "*_"]:
    if found.dtype.kind not in "iuf":
        raise DataError(
            f"{name!r} in '{path.name}' has entries of type {found.dtype}; give real numbers"
        )
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


def main(path: Path, names: Sequence[str], missing: Sequence[str]) -> None:
    """Write names of arrays to the standard output, as JSON, then each of them as an .npy file.

    Without names it is all that there are.
    """
    form = import_module(f"pikan.files.formats.{FORMATS[path.suffix.lower()]}")
    confine(path.stat().st_size)
    try:
        inside = form.contents(path)
        wanted = names or inside.names
        found = arrays(path, inside, wanted, missing)
        sys.stdout.buffer.write(json.dumps(list(wanted)).encode() + b"\n")
        for array in found:
            np.save(sys.stdout.buffer, array, allow_pickle=False)
    except DataError as error:
        sys.stderr.write(str(error))
        sys.exit(UNUSABLE)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(json.loads, sys.argv[2:]))
