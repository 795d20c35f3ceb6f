"""A run in a process of its own, which may be killed, or find no room on the disk."""

import resource
from collections.abc import Generator
from hashlib import sha256
from pathlib import Path

import torch

from killed.cases import CASES
from pikan import run
from pikan.solution import Solution
from pikan.spec import formulas, reader

DIGEST = "digest"
# How often a run is kept [s]: about half of its time goes into that.
EVERY = 0.05


def begin(case: str, folder: Path) -> None:
    """Solves a case in a folder, and leaves there what the solution amounts to."""
    spec = reader.parse(CASES[case], f"{case}.yaml", folder)
    finish(run.solve(spec, formulas.problem(spec), folder, every=EVERY), folder)


def go_on(folder: Path) -> None:
    """Resumes what was begun in a folder."""
    found = run.interrupted(folder)
    assert found is not None
    finish(run.go_on(found, folder, every=EVERY), folder)


def cramped(case: str, folder: Path, room: int) -> None:
    """Solves a case where no file can be longer than so many bytes; exits with 2 if one is."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    try:
        begin(case, folder)
    except OSError:
        raise SystemExit(2) from None


def finish(steps: Generator[run.Progress, None, Solution], folder: Path) -> None:
    """Runs to the end, and is kept as often as it can be on the way."""
    torch.set_num_threads(1)
    run.SHARE = 1.0
    while True:
        try:
            next(steps)
        except StopIteration as end:
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
