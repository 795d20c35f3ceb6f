"""Kill runs at random moments and fill up their disks; resume them, and compare every bit.

    python scripts/kill.py --trials 100

Runs of every kind are kept as often as they can be, so that half of the kills hit a write. Each is
killed once or twice, resumed, and compared with the same run left alone: network, history and
report. Where a kill comes before anything was kept, the run begins again.
"""

import argparse
import json
import random
import signal
import tempfile
from collections import Counter
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from time import monotonic, sleep

import torch

from killed import child
from killed.cases import CASES
from pikan.archive.checkpoint import read_checkpoint
from pikan.archive.file import FILE, ArchiveError

RESULTS = Path(__file__).parents[1] / "results" / "kill.json"


def run(work: Callable[..., None], *given: object, after: float | None = None) -> int | None:
    """The exit code of a process, which is killed after so many seconds; None is never."""
    process = get_context("fork").Process(target=work, args=given)
    process.start()
    if after is not None:
        sleep(after)
        process.kill()
    process.join()
    return process.exitcode


def alone(case: str, folder: Path) -> tuple[str, float]:
    """What a run comes to that is left alone, and how long it takes [s]."""
    began = monotonic()
    run(child.begin, case, folder)
    return (folder / child.DIGEST).read_text(encoding="utf-8"), monotonic() - began


def resumed(folder: Path, expected: str) -> str:
    """How an interrupted run ends: in the same bits, or how else."""
    try:
        if not (folder / FILE).exists():
            return "nothing kept yet"
        read_checkpoint(folder / FILE)
    except ArchiveError:
        return "corrupt"
    if run(child.go_on, folder) != 0:
        return "failed"
    found = (folder / child.DIGEST).read_text(encoding="utf-8")
    return "same bits" if found == expected else "other bits"


def killed(case: str, folder: Path, expected: str, length: float, chance: random.Random) -> str:
    """How a run ends that is killed once or twice."""
    if run(child.begin, case, folder, after=0.8 * length * chance.random()) != -signal.SIGKILL:
        return "had ended"
    if chance.random() < 0.5 and (folder / FILE).exists():
        run(child.go_on, folder, after=length * chance.random())
        (folder / child.DIGEST).unlink(missing_ok=True)
    return resumed(folder, expected)


def full(case: str, folder: Path, expected: str, _: float, chance: random.Random) -> str:
    """How a run ends for whose files there is too little room, once there is room again."""
    room = round(chance.uniform(5_000, 80_000))
    code = run(child.cramped, case, folder, room)
    if code != 2:
        return "had room" if code == 0 else "failed"
    return resumed(folder, expected)


def trials(count: int, seed: int = 0) -> dict[str, dict[str, int]]:
    """How many runs ended how, after kills and after full disks."""
    chance = random.Random(seed)
    ended = {"killed": Counter[str](), "full disk": Counter[str]()}
    # Processes that are copies of this one need not import torch again.
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        known = {case: alone(case, Path(place, case)) for case in CASES}
        for trial in range(count):
            case, folder = chance.choice(list(CASES)), Path(place, str(trial))
            way, work = ("full disk", full) if trial % 5 == 4 else ("killed", killed)
            ended[way][work(case, folder, *known[case], chance)] += 1
    return {way: dict(counts) for way, counts in ended.items()}


def main() -> None:
    """Print how the runs ended, and keep that beside the other results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100)
    asked = parser.parse_args()
    found = trials(asked.trials)
    for way, counts in found.items():
        for how, number in counts.items():
            print(f"{way:10} {how:18} {number:4}")
    RESULTS.write_text(json.dumps({"trials": asked.trials, **found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
