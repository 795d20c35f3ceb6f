"""A run in a process of its own, which may be killed, or find no room on the disk."""

import resource
from collections.abc import Generator
from hashlib import sha256
from pathlib import Path
from time import process_time

import torch

from killed.cases import CASES
from pikan import checkpointer, run
from pikan.solution import Solution
from pikan.spec import formulas, reader
from pikan.storage.file import FILE

DIGEST = "digest"
# What a process exits with that has found no room.
FULL = 2
# How often a run is kept [s]: about half of its time goes into that.
EVERY = 0.05


def begin(case: str, folder: Path) -> None:
    """Solves a case in a folder, and leaves there what the solution amounts to."""
    finish(begun(case, folder), folder)


def go_on(folder: Path) -> None:
    """Resumes what was begun in a folder."""
    found = run.load_interrupted(folder)
    assert found is not None
    finish(run.continue_run(found, folder, every=EVERY), folder)


def cramped(case: str, folder: Path, moment: float, part: float) -> None:
    """Solves a case whose disk is full, after so many seconds, with a part of what is kept next.

    Exits with `FULL` where that is met.
    """

    def steps() -> Generator[run.Progress, None, Solution]:
        beginning, full = begun(case, folder), False
        while True:
            try:
                yield next(beginning)
            except StopIteration as end:
                return end.value
            if not full and process_time() > moment and (folder / FILE).exists():
                full, room = True, round(part * (folder / FILE).stat().st_size)
                resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    try:
        finish(steps(), folder)
    except OSError:
        raise SystemExit(FULL) from None


def begun(case: str, folder: Path) -> Generator[run.Progress, None, Solution]:
    """The steps of a case."""
    spec = reader.parse_spec(CASES[case], f"{case}.yaml", folder)
    return run.solve(spec, formulas.problem(spec), folder, every=EVERY)


def finish(steps: Generator[run.Progress, None, Solution], folder: Path) -> None:
    """Runs to the end, and is kept as often as it can be on the way."""
    torch.set_num_threads(1)
    checkpointer.SHARE = 1.0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            end.value.keep(folder)
            (folder / DIGEST).write_text(digest(end.value), encoding="utf-8")
            return


def digest(solution: Solution) -> str:
    """What a solution amounts to, to the last bit of all but its seconds."""
    history = [record._replace(seconds=0.0) for record in solution.history]
    report = solution.report
    told = (report.errors, report.residuals, report.estimate, report.outcome, report.message)
    found = sha256(repr((history, told, solution.spec)).encode())
    for name, tensor in solution.network.state_dict().items():
        found.update(name.encode() + tensor.numpy().tobytes())
    return found.hexdigest()
