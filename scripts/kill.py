"""Kill runs at random moments and fill up their disks; resume them, and compare every bit.

    python scripts/kill.py --trials 100

Runs of every kind are kept as often as they can be. Of five, three are killed at a random moment,
one while it writes, and for one the disk is full from a random moment on; some are killed once
more after they were resumed. At the end they are compared with the same run left alone: network,
history and report. So many trials are runs that were interrupted when something had been kept of
them. Those that were killed before that have to begin again, and are counted beside.
"""

import argparse
import json
import random
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import clock_gettime, sleep
from typing import NamedTuple

import torch

from killed import child
from killed.cases import CASES
from pikan.storage.checkpoint import read_checkpoint
from pikan.storage.file import FILE, ArchiveError

RESULTS = Path(__file__).parents[1] / "results" / "kill.json"
WAYS = ("at a moment", "at a moment", "at a moment", "in a write", "full disk")
UNKEPT, ENDED = "before anything was kept", "had ended"
# How often it is looked whether a process is to be killed [s].
POLL = 0.001


class Case(NamedTuple):
    """A run left alone: its name, what it comes to, and how long it takes [s of its processor]."""

    name: str
    digest: str
    length: float


def drafts(folder: Path) -> list[Path]:
    """Files that are being written."""
    return list(folder.glob(".*"))


def spent(process: int) -> float:
    """The time that a process has had of its processor until now [s].

    Source: Linux, clock_getcpuclockid(3), whose clocks have these numbers.
    """
    return clock_gettime((~process << 3) | 2)


def run(
    work: Callable[..., None], *given: object, until: Callable[[int], bool] | None = None
) -> int | None:
    """The exit code of a process, which is killed as soon as `until` says so of its number."""
    process = get_context("fork").Process(target=work, args=given)
    process.start()
    while until is not None and process.is_alive():
        if process.pid is not None and until(process.pid):
            process.kill()
            break
        sleep(POLL)
    process.join()
    return process.exitcode


def alone(name: str, folder: Path) -> Case:
    """A case left alone."""
    before = getrusage(RUSAGE_CHILDREN)
    run(child.begin, name, folder)
    after = getrusage(RUSAGE_CHILDREN)
    length = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Case(name, (folder / child.DIGEST).read_text(encoding="utf-8"), length)


def interrupted(way: str, case: Case, folder: Path, chance: random.Random) -> bool:
    """Whether a run was interrupted in a way; it may have ended before."""
    moment = case.length * chance.random()
    if way == "full disk":
        return run(child.cramped, case.name, folder, moment, chance.random()) == child.FULL
    # A draft is there for a few milliseconds.
    delay = POLL * chance.randrange(5)

    def writes(process: int) -> bool:
        if spent(process) < moment or not drafts(folder):
            return False
        sleep(delay)
        return True

    until = writes if way == "in a write" else lambda process: spent(process) >= moment
    return run(child.begin, case.name, folder, until=until) == -signal.SIGKILL


def kept(folder: Path) -> bool | None:
    """Whether a run goes on from what it has left, None where it has left nothing.

    ArchiveError where what there is cannot be read.
    """
    if not (folder / FILE).exists():
        return None
    return read_checkpoint(folder / FILE) is not None


def ending(work: Callable[[], int | None], case: Case, folder: Path) -> str:
    """How a run ends that goes on or begins again: in the same bits, or how else."""
    if work() != 0:
        return "failed"
    if drafts(folder):
        return "left half a file"
    found = (folder / child.DIGEST).read_text(encoding="utf-8")
    return "same bits" if found == case.digest else "other bits"


def outcome(way: str, case: Case, folder: Path, chance: random.Random) -> tuple[str, str]:
    """What became of a run: how far it had come, and how it ended."""
    if not interrupted(way, case, folder, chance):
        return ENDED, ""
    if way == "full disk" and drafts(folder):
        return way, "left half a file"
    try:
        found = kept(folder)
        if found is None:
            return UNKEPT, ending(partial(run, child.begin, case.name, folder), case, folder)
        if not found:
            return ENDED, ""
        if chance.random() < 0.3:
            moment = case.length * chance.random()
            run(child.go_on, folder, until=lambda process: spent(process) >= moment)
        if not kept(folder):
            # It has come to its end all the same, and has nothing more to do.
            return way, ending(lambda: 0, case, folder)
    except ArchiveError:
        return way, "corrupt"
    return way, ending(partial(run, child.go_on, folder), case, folder)


def trials(count: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """What became of runs, until so many were interrupted when something had been kept."""
    chance = random.Random(seed)
    # Processes that are copies of this one need not import torch again.
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        cases = [alone(name, Path(place, name)) for name in CASES]
        done = 0
        for trial in range(10 * count):
            way, folder = WAYS[done % len(WAYS)], Path(place, str(trial))
            found = outcome(way, chance.choice(cases), folder, chance)
            yield found
            done += found[0] in WAYS
            if done == count:
                return


def main() -> None:
    """Print how the runs ended, and keep that beside the other results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100)
    asked = parser.parse_args()
    found: dict[str, Counter[str]] = {}
    for reached, end in trials(asked.trials):
        found.setdefault(reached, Counter())[end] += 1
    for reached, ends in found.items():
        for end, number in ends.items():
            print(f"{reached:26} {end:18} {number:4}")
    ended = found.pop(ENDED, Counter[str]()).total()
    table = {reached: dict(ends) for reached, ends in sorted(found.items())}
    RESULTS.write_text(json.dumps({"trials": asked.trials, **table, ENDED: ended}, indent=2) + "\n")


if __name__ == "__main__":
    main()
