"""Paths of files that a spec names: inside the folder of the problem file, or below it."""

from pathlib import Path, PureWindowsPath

from pikan.spec.faults import Check, Keys, Origin


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
