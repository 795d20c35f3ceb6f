"""Measure how much of pikan its tests hold in place: change the code, and see whether they notice.

    python scripts/mutation.py --count 40 --seed 1
    python scripts/mutation.py --rooms expression --seed 2 --survivors --into /tmp/mutants.json

A mutant is one file with one operator or number changed; `mutated/changes.py` says which changes
there are, and which are left out because no test could see them. For each room so many places are
drawn, then one change at each; those tests of the room are run on it that run the place, the
quickest first, as many as take a minute. What there is of the same files and tests is not done
again, so the script may be stopped and started at will.
After so many seconds it stops by itself. `--survivors` prints what nobody noticed, to write tests
by: the share that is noticed is then to be measured with another seed.
"""

import argparse
import difflib
import json
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TypedDict

from mutated.changes import Change, Place, changed, changes, valid
from mutated.tests import noticed, observed

ROOT = Path(__file__).resolve().parent.parent
ROOMS = (
    "expression",
    "bases",
    "jets",
    "linalg",
    "network",
    "optimize",
    "residuals",
    "solvers",
    "storage",
)
# The share of mutants that tests must notice.
TARGET = 0.85


class Row(TypedDict):
    """One mutant; `change` is the line as it was and as it became."""

    room: str
    # Of the files of the room and of its tests.
    digest: str
    seed: int
    file: str
    line: int
    operator: str
    occurrence: int
    noticed: bool
    change: list[str]


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
    before: list[Row] = json.loads(asked.into.read_text()) if asked.into.exists() else []
    rows = [row for row in before if row["digest"] == digest(row["room"])]
    for room in asked.rooms:
        for row in tried(room, asked.count, asked.seed, rows, end):
            rows.append(row)
            asked.into.write_text(json.dumps(rows, indent=1) + "\n")
    if asked.survivors:
        for row in rows:
            if not row["noticed"] and row["room"] in asked.rooms:
                print(f"{row['file']}:{row['line']}", *row["change"], sep="\n  ")
    asked.into.with_suffix(".md").write_text(table(rows))
    print(table(rows))


def tried(room: str, count: int, seed: int, rows: Iterable[Row], end: float) -> Iterator[Row]:
    """What comes of the mutants drawn of which there is no row yet, until the clock says `end`."""
    known = {(row["file"], row["operator"], row["occurrence"]) for row in rows}
    left = [c for c in drawn(room, count, seed) if (c.file, c.operator, c.occurrence) not in known]
    tests = observed(ROOT, room) if left and time.monotonic() < end else []
    for change in left:
        if time.monotonic() > end:
            return
        text = changed(ROOT, change)
        yield Row(
            room=room,
            digest=digest(room),
            seed=seed,
            file=change.file,
            line=change.place.line,
            operator=change.operator,
            occurrence=change.occurrence,
            noticed=noticed(ROOT, change.file, change.place.line, text, tests),
            change=difference(change.file, text),
        )


def digest(room: str) -> str:
    """Says whether the code of a room and its tests are what they were."""
    made = sha256()
    for folder in ("pikan", "tests"):
        for file in sorted((ROOT / folder / room).rglob("*.py")):
            made.update(file.read_bytes())
    return made.hexdigest()[:12]


def drawn(room: str, count: int, seed: int) -> list[Change]:
    """So many changes of a room, first one at every place, then another, as long as there are."""
    files = sorted((ROOT / "pikan" / room).rglob("*.py"))
    everything = [change for file in files for change in changes(ROOT, file)]
    random.Random(f"{seed} {room}").shuffle(everything)
    before: Counter[tuple[str, Place]] = Counter()
    turns: list[int] = []
    for change in everything:
        turns.append(before[change.file, change.place])
        before[change.file, change.place] += 1
    order = sorted(range(len(everything)), key=turns.__getitem__)
    meant = (everything[each] for each in order if valid(changed(ROOT, everything[each])))
    return list(islice(meant, count))


def difference(file: str, after: str) -> list[str]:
    """The lines as they were and as they became."""
    before = (ROOT / file).read_text().splitlines()
    lines = difflib.unified_diff(before, after.splitlines(), lineterm="", n=0)
    return [line for line in list(lines)[2:] if line[:1] in "+-"]


def table(rows: Iterable[Row]) -> str:
    """For each room how many mutants were noticed, in Markdown."""
    kept = list(rows)
    seeds = ", ".join(sorted({str(row["seed"]) for row in kept}))
    lines = [f"Mutants that the tests of a room notice, drawn with seed {seeds}.", ""]
    lines += ["| room | noticed | share | 95 % interval |", "|---|---|---|---|"]
    for room in (*ROOMS, "all"):
        own = [row["noticed"] for row in kept if room in (row["room"], "all")]
        if own:
            low, high = (f"{100 * share:.0f}" for share in wilson(sum(own), len(own)))
            share = f"{100 * sum(own) / len(own):.1f} %"
            lines.append(f"| {room} | {sum(own)} of {len(own)} | {share} | {low} to {high} % |")
    return "\n".join(lines) + "\n"


def wilson(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """An interval for a probability, 95 % for z = 1.96.

    Source: Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    share, spread = successes / trials, z * z / trials
    middle = share + spread / 2
    half = math.sqrt(spread * (share * (1 - share) + spread / 4))
    return (middle - half) / (1 + spread), (middle + half) / (1 + spread)


if __name__ == "__main__":
    # What the tests import anyway, once for all forks.
    for slow in ("torch", "torch.func", "scipy.special", "sympy", "h5py", "mpmath", "pydantic"):
        __import__(slow)
    main(sys.argv[1:])
