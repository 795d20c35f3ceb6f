"""The data file of a spec: inside the folder of the problem file, with the arrays it names."""

import math
from pathlib import Path, PureWindowsPath

from pikan.expression.wording import did_you_mean, there_are
from pikan.files.arrays import DataError
from pikan.references.data import reference as data
from pikan.references.reference import ReferenceSolution
from pikan.spec.faults import Check, Keys, Origin
from pikan.spec.known_solutions import ReferenceSettings
from pikan.spec.resolve import Scope


def reference(
    written: ReferenceSettings, origin: Origin, scope: Scope
) -> Check[ReferenceSolution | None]:
    """The data to compare with; None where it is at fault."""
    file = yield from data_file(written.file, origin, ("reference", "file"))
    named = yield from _check_names(written, origin, scope)
    if file is None or not named or any(map(math.isnan, (*scope.box.lower, *scope.box.upper))):
        return None
    unknowns = {name: written.unknowns[name] for name in scope.unknowns if name in written.unknowns}
    try:
        return data(file, scope.box, written.coordinates, unknowns)
    except DataError as error:
        yield origin.fault(("reference", "file"), str(error))
        return None


def inside(name: str, folder: Path, home: Path) -> Path | None:
    """The file of a name given relative to a folder; None where it is not in `home` or below it."""
    absolute = Path(name).is_absolute() or PureWindowsPath(name).is_absolute()
    try:
        file, house = (folder / name).resolve(), home.resolve()
    # Of links that go in circles Python 3.11 says this, and later ones nothing.
    except (OSError, RuntimeError, ValueError):
        return None
    return None if absolute or "\0" in name or house not in file.parents else file


def data_file(name: str, origin: Origin, keys: Keys) -> Check[Path | None]:
    """The path of the file, if it stays inside the folder: a problem file may be a stranger's."""
    file = inside(name, origin.folder, origin.folder)
    if file is None:
        message = f"got '{name}', needs a file in the folder of the problem file or below it"
        yield origin.fault(keys, message)
    return file


def _check_names(written: ReferenceSettings, origin: Origin, scope: Scope) -> Check[bool]:
    """Whether the coordinates and unknowns are those of the problem."""
    fits = True
    given = {"coordinates": written.coordinates, "unknowns": written.unknowns}
    known = {"coordinates": scope.coordinates, "unknowns": scope.unknowns}
    for key, names in given.items():
        for name in sorted(names.keys() - set(known[key])):
            fits = False
            remedy = there_are(key.removesuffix("s"), known[key]) + did_you_mean(name, known[key])
            yield origin.fault(("reference", key, name), f"'{name}' is not known; {remedy}")
    for name in scope.coordinates:
        if name not in written.coordinates:
            fits = False
            message = f"does not say where the file has the coordinate '{name}'; add {name}: ..."
            yield origin.fault(("reference", "coordinates"), message)
    return fits
