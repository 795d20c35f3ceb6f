"""Count the functions and files of pikan that a command enters, from start to end, by room.

    python scripts/functions_entered.py                          # poisson and burgers, solved
    python scripts/functions_entered.py check problems/heat.yaml
    python scripts/functions_entered.py solve problems/heat.yaml --names

How many doors a reader opens who follows a trip. Functions are counted once however often they are
called; lambdas, comprehensions and class bodies are part of what they stand in. Those that a module
calls while it is imported, to make its tables, are counted apart.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from inspect import CO_NEWLOCALS
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

from pikan.cli.main import app

PACKAGE = Path(__file__).parents[1] / "pikan"
# The most functions that a trip may enter.
TARGETS = {"poisson": 300, "burgers": 400}


class Function(NamedTuple):
    """A function by its file in the package, its qualified name and its first line."""

    file: str
    name: str
    line: int

    @property
    def room(self) -> str:
        """The folder of the package that it is in, or the single file."""
        return self.file.partition("/")[0]


class Trip(NamedTuple):
    """The functions that a command entered, and those that only imports entered."""

    entered: frozenset[Function]
    imported: frozenset[Function]


def trip(words: list[str]) -> Trip:
    """The functions of pikan that a command line enters, in this process."""
    codes: dict[bool, set[CodeType]] = {True: set(), False: set()}
    imports = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal imports
        del argument
        own = frame.f_code.co_filename.startswith(str(PACKAGE))
        if own and frame.f_code.co_name == "<module>":
            imports += {"call": 1, "return": -1}.get(event, 0)
        elif own and event == "call":
            codes[imports > 0].add(frame.f_code)

    sys.setprofile(note)
    try:
        app(words)
    except SystemExit as end:
        if end.code:
            raise
    finally:
        sys.setprofile(None)
    entered, imported = functions(codes[False]), functions(codes[True])
    return Trip(entered, imported - entered)


def functions(codes: Iterable[CodeType]) -> frozenset[Function]:
    """The functions among code objects of the package."""
    return frozenset(
        Function(
            str(Path(code.co_filename).relative_to(PACKAGE)),
            code.co_qualname,
            code.co_firstlineno,
        )
        for code in codes
        if is_function(code)
    )


def is_function(code: CodeType) -> bool:
    """Whether a code object is that of a function written with `def`.

    A class body has no new locals, and what has no name of its own stands in brackets.
    """
    return bool(code.co_flags & CO_NEWLOCALS) and not code.co_name.startswith("<")


def show(words: list[str], *, names: bool) -> None:
    """Print what a command line enters, by room."""
    with tempfile.TemporaryDirectory() as folder:
        out = ["--out", str(Path(folder, "run")), "--quiet"] if words[0] == "solve" else []
        found, imported = trip([*words, *out])
    target = TARGETS.get(Path(words[-1]).stem) if words[0] == "solve" else None
    most = "" if target is None else f", at most {target} are wanted"
    files = {one.file for one in found}
    print(f"{' '.join(words)}: {len(found)} functions in {len(files)} files{most}")
    for room, count in Counter(one.room for one in found).most_common():
        print(f"  {room:16} {count:4} in {len({one.file for one in found if one.room == room})}")
    print(f"  besides {len(imported)} while modules were imported")
    for one in sorted(found) if names else ():
        print(f"    {one.file}:{one.line} {one.name}")


def main() -> None:
    """Count for the command line given, or for the two trips that have a target."""
    words = [word for word in sys.argv[1:] if word != "--names"]
    trips = [words] if words else [["solve", f"problems/{name}.yaml"] for name in TARGETS]
    for each in trips:
        show(each, names="--names" in sys.argv)


if __name__ == "__main__":
    main()
