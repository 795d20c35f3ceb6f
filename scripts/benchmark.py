"""Solve the shipped problems, and let other packages try three of them: two tables, two figures.

    python scripts/benchmark.py                                 # all problems, seeds 0, 1, 2
    python scripts/benchmark.py --problems poisson burgers --seeds 0
    python scripts/benchmark.py --classical                     # Adam and L-BFGS alone
    python scripts/benchmark.py --readme                        # what is missing, then the table
    python scripts/benchmark.py peers --seconds 60              # pykan, DeepXDE, jaxKAN, PINA

Each run has a process of its own, so that its time and memory are its own. What is there already is
not done again as long as the problem file and pikan's source files are the same, so the script may
be stopped and started at will. A run that fails is a row with its reason, and is tried again the
next time. Times are those of training, in seconds and as a multiple of one QR factorization of a
random 4000 x 1000 matrix in the same process: set OMP_NUM_THREADS=1 for one thread, and let nothing
else run beside it. The tables go between `<!-- benchmark begins -->` and `<!-- benchmark ends -->`,
and between the same lines with `classical`, in the file that `--readme` names.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import compare
from benchmarks.known import TARGETS
from benchmarks.process import ProcessError, answered, own
from benchmarks.rows import (
    ANSWER,
    FAILED,
    ROOT,
    Row,
    digest,
    failed,
    read,
    sources,
    stands,
    without,
    write,
)
from benchmarks.table import classical_table, multiple, readme, table

PROBLEMS = ROOT / "problems"


class Run(NamedTuple):
    """A problem file and a seed."""

    file: Path
    seed: int


def main() -> None:
    """What the command line asks for."""
    asked = parsed(sys.argv[1:])
    if asked.command == "peers":
        compare.compare(asked)
        return
    rows = solve_missing(asked)
    chosen = {file.stem for file in files(asked)}
    print("\n\n".join(filter(None, (table(rows), classical_table(rows)))))
    if chosen & set(TARGETS):
        # Only here: a process that is started by a large one is counted as large as that from its
        # first moment on [Linux getrusage(2)].
        from benchmarks.figure import drawn

        drawn(rows, asked.into.with_suffix(".png"))
    if asked.readme is not None:
        readme(asked.readme, rows)


def solve_missing(asked: argparse.Namespace) -> list[Row]:
    """All runs that there are, those that were missing among them."""
    rows = read(asked.into)
    wanted = [Run(file, seed) for seed in asked.seeds for file in files(asked)]
    current = None if asked.keep else sources()
    waiting = [run for run in wanted if not there(rows, run, current)]
    say(f"{len(wanted) - len(waiting)} of {len(wanted)} runs are there")
    for number, run in enumerate(waiting):
        say(f"{run.file.stem}, seed {run.seed}: {left(rows, waiting[number:])}")
        row = solved(run, asked.limit)
        rows = [*without(rows, row["problem"], row["seed"]), row]
        write(asked.into, rows)
        say(f"  {summary(row)}")
    return rows


def solved(run: Run, limit: float) -> Row:
    """A run in a process of its own, whatever comes of it."""
    began = time.perf_counter()
    try:
        command = own("benchmarks.run", run.file.resolve(), "--seed", str(run.seed))
        row: Row = json.loads(answered(command, ANSWER, limit, {}, ROOT))
    except ProcessError as fault:
        return failed(run.file.stem, run.seed, str(fault), time.perf_counter() - began)
    return row


def there(rows: Sequence[Row], run: Run, current: str | None) -> bool:
    """Whether a run need not be done."""
    text = digest(run.file)
    own_rows = [r for r in rows if (r["problem"], r["seed"]) == (run.file.stem, run.seed)]
    return any(stands(row, text, current) for row in own_rows)


def left(rows: Sequence[Row], waiting: Sequence[Run]) -> str:
    """How long the rest will take, if it takes what runs of the same problems have taken."""
    walls = {run.file.stem: list(_walls(rows, run.file.stem)) for run in waiting}
    every = [wall for known in walls.values() for wall in known] or [
        row["wall"] for row in rows if row["outcome"] != FAILED
    ]
    if not every:
        return f"{len(waiting)} runs left"
    usual = sum(every) / len(every)
    known = (walls[run.file.stem] for run in waiting)
    seconds = sum(sum(own) / len(own) if own else usual for own in known)
    return f"{len(waiting)} runs left, about {seconds / 60:.0f} min"


def _walls(rows: Sequence[Row], problem: str) -> Iterator[float]:
    return (row["wall"] for row in rows if row["problem"] == problem and row["outcome"] != FAILED)


def summary(row: Row) -> str:
    """A row in a few words."""
    if row["seconds"] is None:
        return f"{row['outcome']}: {row['message']}"
    error = "no known solution" if row["error"] is None else f"error {row['error']:.1e}"
    return (
        f"{row['outcome']}, {error}, {row['seconds']:.2g} s, {multiple(row):.2g} QRs, "
        f"{row['memory']:.0f} MiB"
    )


def files(asked: argparse.Namespace) -> list[Path]:
    """The problem files asked for; those with targets in the order of the table."""
    folder = PROBLEMS / "classical" if asked.classical else PROBLEMS
    found = {file.stem: file for file in sorted(folder.glob("*.yaml"))}
    named = asked.problems or [*(name for name in TARGETS if name in found), *found]
    unknown = [name for name in named if name not in found]
    if unknown:
        sys.exit(f"no problem {', '.join(unknown)} in {folder.relative_to(ROOT)}/")
    return [found[name] for name in dict.fromkeys(named)]


def say(text: str) -> None:
    """A word on how it goes."""
    print(text, file=sys.stderr, flush=True)


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """The command line; without a command, the problems."""
    first = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(description=first)
    commands = parser.add_subparsers(dest="command", required=True)
    problems = commands.add_parser("problems", help="solve the shipped problems (the default)")
    problems.add_argument("--problems", nargs="+", metavar="NAME", help="all if left out")
    problems.add_argument("--classical", action="store_true", help="those of problems/classical")
    problems.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    problems.add_argument("--limit", type=float, default=3600.0, help="longest run [s]")
    problems.add_argument("--keep", action="store_true", help="keep runs of other source files")
    problems.add_argument("--into", type=Path, default=ROOT / "results" / "benchmark.json")
    problems.add_argument("--readme", type=Path, nargs="?", const=ROOT / "docs" / "benchmarks.md")
    compare.arguments(commands.add_parser("peers", help="compare with other packages"))
    bare = not words or (words[0] not in commands.choices and words[0] not in {"-h", "--help"})
    return parser.parse_args(["problems", *words] if bare else words)


if __name__ == "__main__":
    main()
