"""The data that a spec compares its solution with, in the coordinates of its problem."""

import math

from pikan.expression.wording import did_you_mean, there_are
from pikan.files.arrays import DataError
from pikan.references.data import reference as data
from pikan.references.reference import ReferenceSolution
from pikan.spec.data_files import data_file
from pikan.spec.faults import Check, Origin
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
