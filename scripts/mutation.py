"""Measure how much of pikan its tests hold in place: change the code, and see whether they notice.

    python scripts/mutation.py --count 40 --seconds 1800
    python scripts/mutation.py --rooms expression --survivors

A mutant is one file with one operator or number changed, by the operators of Cosmic Ray
(`pip install cosmic-ray`). For each room so many places are drawn, then one change at each; the
tests of the room are run on it, without types checked at run time, which would notice more. What is
there already is not done again, so the script may be stopped and started at will; it draws in the
same order for the same seed. After so many seconds it stops by itself. `--survivors` prints what
nobody noticed, to write tests by.
"""

import argparse
import difflib
import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import NamedTuple, TypedDict

import pytest

# Cosmic Ray is installed for this script alone.
from cosmic_ray.ast import ast_nodes, get_ast_from_path  # pyright: ignore[reportMissingImports]
from cosmic_ray.mutating import mutate_code  # pyright: ignore[reportMissingImports]
from cosmic_ray.plugins import get_operator, operator_names  # pyright: ignore[reportMissingImports]

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("expression", "bases", "derivatives", "archive")
# The share of mutants that tests must notice.
TARGET = 0.85
# A mutant may take so many times what the room's tests take, and some seconds more [s].
_PATIENCE, _LEAST = 5.0, 30.0
# Unions of types, which fail at the import that changes them and so say nothing of tests.
_TYPES = "ReplaceBinaryOperator_BitOr"
_SURVIVED = int(pytest.ExitCode.OK)


class Row(TypedDict):
    """One mutant; `change` is the line as it was and as it became."""

    room: str
    file: str
    line: int
    operator: str
    occurrence: int
    killed: bool
    change: list[str]


class Mutant(NamedTuple):
    """The occurrence of an operator in a file."""

    room: str
    file: str
    line: int
    operator: str
    occurrence: int


def main(words: Sequence[str]) -> None:
    """The command line."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--count", type=int, default=40, help="mutants of each room")
    options.add_argument("--seconds", type=float, default=3600.0, help="the longest it may take")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--rooms", nargs="+", default=ROOMS, choices=ROOMS)
    options.add_argument("--into", type=Path, default=ROOT / "results" / "mutation.json")
    options.add_argument("--survivors", action="store_true", help="print what nobody noticed")
    asked = options.parse_args(words)
    end = time.monotonic() + asked.seconds
    rows: list[Row] = json.loads(asked.into.read_text()) if asked.into.exists() else []
    for room in asked.rooms:
        wanted = drawn(room, asked.count, asked.seed)
        left = [each for each in wanted if not any(known(row, each) for row in rows)]
        limit = _PATIENCE * timed(room) + _LEAST if left and time.monotonic() < end else 0.0
        for mutant in left:
            if time.monotonic() > end:
                break
            rows.append(tried(mutant, limit))
            asked.into.write_text(json.dumps(rows, indent=1) + "\n")
        own = [row for row in rows if row["room"] == room]
        print(f"{room}: {sum(row['killed'] for row in own)} of {len(own)} noticed")
    if asked.survivors:
        for row in rows:
            if not row["killed"] and row["room"] in asked.rooms:
                print(f"{row['file']}:{row['line']}", *row["change"], sep="\n  ")
    figure(rows, asked.into.with_suffix(".png"))


def drawn(room: str, count: int, seed: int) -> list[Mutant]:
    """So many mutants of a room, each at a place of its own as long as there are places."""
    places: dict[tuple[str, tuple[int, int]], list[Mutant]] = {}
    for file in sorted((ROOT / "pikan" / room).glob("*.py")):
        for place, mutant in mutants(room, file):
            places.setdefault((mutant.file, place), []).append(mutant)
    chance = random.Random(f"{seed} {room}")
    chosen = [chance.choice(some) for some in places.values()]
    chance.shuffle(chosen)
    return chosen[:count]


def mutants(room: str, file: Path) -> Iterator[tuple[tuple[int, int], Mutant]]:
    """Every change of a file, with its line and column."""
    tree = get_ast_from_path(file)
    lines = file.read_text().splitlines()
    for name in operator_names():
        kind = get_operator(name)
        if kind.arguments() or _TYPES in name:
            continue
        found = [place for node in ast_nodes(tree) for place in kind().mutation_positions(node)]
        for occurrence, (start, _) in enumerate(found):
            # What decorators say, such as `final` and `frozen`, is for checkers of types.
            if not lines[start[0] - 1].lstrip().startswith("@"):
                path = str(file.relative_to(ROOT))
                yield start, Mutant(room, path, start[0], name, occurrence)


def known(row: Row, mutant: Mutant) -> bool:
    """Whether a row is of this mutant."""
    return all(row[key] == value for key, value in mutant._asdict().items())


def tried(mutant: Mutant, limit: float) -> Row:
    """What the tests say of a mutant."""
    file = ROOT / mutant.file
    before = file.read_text()
    after = mutate_code(before, get_operator(mutant.operator)(), mutant.occurrence)
    assert after is not None
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    change = [line for line in list(lines)[2:] if line[:1] in "+-"]
    code = tested(mutant.room, file, after, limit)
    return Row(**mutant._asdict(), killed=code != _SURVIVED, change=change)


def timed(room: str) -> float:
    """How long the tests of a room take as it is [s]; they must pass."""
    began = time.monotonic()
    if tested(room, ROOT, "", 600.0) != _SURVIVED:
        raise SystemExit(f"the tests of {room} fail without any change")
    return time.monotonic() - began


def tested(room: str, file: Path, text: str, limit: float) -> int | None:
    """The exit code of a room's tests with another text in one file; None at the time limit.

    In a fork, which has all that is slow to import, but nothing of pikan.
    """
    process = multiprocessing.get_context("fork").Process(target=_run, args=(room, file, text))
    process.start()
    process.join(limit)
    if process.is_alive():
        assert process.pid is not None
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
        return None
    return process.exitcode


def _run(room: str, file: Path, text: str) -> None:
    os.setpgrp()
    own = SourceFileLoader.get_code

    def code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        if Path(self.path) == file:
            return compile(text, self.path, "exec")
        return own(self, fullname)

    SourceFileLoader.get_code = code
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    tests = ROOT / "tests" / room
    near = tests / f"test_{file.name}"
    paths = [*([near] if near.exists() else []), tests, ROOT / "pikan" / room]
    settings = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow and not long"]
    # What measures time would notice other work on the machine.
    settings += ["-k", "not quick"]
    added = ["-o", "addopts=--import-mode=importlib --doctest-modules"]
    os._exit(int(pytest.main([*settings, *added, *map(str, paths)])))


def figure(rows: Sequence[Row], into: Path) -> None:
    """The share of each room's mutants that were noticed, beside the target."""
    # pikan is imported only now: before, forks were to import what was changed.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from pikan.report.figures.style import COLORS, INK, look

    rooms = [room for room in ROOMS if any(row["room"] == room for row in rows)]
    noticed = [[row["killed"] for row in rows if row["room"] == room] for room in rooms]
    with look():
        drawing = Figure(figsize=(5.6, 3.2), layout="constrained")
        FigureCanvasAgg(drawing)
        axes = drawing.add_subplot()
        shares = [100.0 * sum(some) / len(some) for some in noticed]
        bars = axes.bar(rooms, shares, color=COLORS[0], width=0.6)
        axes.bar_label(bars, [f"{sum(some)} of {len(some)}" for some in noticed])
        axes.axhline(100.0 * TARGET, color=INK, linewidth=0.8, linestyle="--")
        axes.set(ylim=(0.0, 110.0), ylabel="mutants noticed [%]")
        drawing.savefig(into)


if __name__ == "__main__":
    # What the tests import anyway, once for all forks.
    for slow in ("torch", "scipy.special", "sympy", "h5py", "mpmath"):
        __import__(slow)
    main(sys.argv[1:])
