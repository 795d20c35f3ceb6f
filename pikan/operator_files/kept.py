"""What an interrupted operator run leaves in its folder: the solved problems, to go on from."""

import json
from collections.abc import Generator
from pathlib import Path
from time import monotonic
from typing import NamedTuple, final

import torch

from pikan.operator_files.pairs import Pairs, Solved, make_pairs
from pikan.report.report import Versions, versions
from pikan.solvers.level import SolverResult
from pikan.spec.operators import OperatorStatement
from pikan.storage.checkpoint import GROUP, has_checkpoint
from pikan.storage.file import (
    FILE,
    ArchiveError,
    Arrays,
    get_text,
    names,
    put_text,
    reading,
    writing,
)
from pikan.storage.serialize import deserialize, get_serialized, put_serialized, serialize

CHANGES = "changes"
"""The text of an archive with the changes to its file; of operators alone."""


@final
class KeptPairs(NamedTuple):
    """The problems that were solved, in the order of their inputs, and the seconds that took."""

    versions: Versions
    seconds: float
    results: tuple[SolverResult, ...]


def keep_pairs(
    folder: Path, stated: OperatorStatement, results: tuple[SolverResult, ...], seconds: float
) -> None:
    """Leave what has been solved in a folder, with the text that it belongs to."""
    folder.mkdir(parents=True, exist_ok=True)
    with writing(folder / FILE) as file:
        put_text(file, "spec", stated.text)
        put_text(file, CHANGES, json.dumps(dict(stated.changes)))
        put_serialized(file, GROUP, serialize(KeptPairs(versions(), seconds, results)))


def kept_pairs(folder: Path, stated: OperatorStatement) -> KeptPairs | None:
    """What a folder holds of the same file under the same versions; None where that is nothing.

    Other versions would go on to other bits.
    """
    if not (folder / FILE).is_file():
        return None
    try:
        with reading(folder / FILE) as file:
            if not _is_interrupted(file) or get_text(file, "spec") != stated.text:
                return None
            found = deserialize(get_serialized(file, GROUP), KeptPairs, torch.device("cpu"))
    except ArchiveError:
        return None
    assert isinstance(found, KeptPairs)
    return found if found.versions == versions() else None


def resumable_pairs(
    stated: OperatorStatement, folder: Path | None, every: float
) -> Generator[tuple[int, int], None, Pairs]:
    """The pairs of a file, of which those that a folder has are not solved for again.

    What is solved is left there every so many seconds, and where the generator is closed.
    """
    known = None if folder is None else kept_pairs(folder, stated)
    results, seconds = ((), 0.0) if known is None else (known.results, known.seconds)
    steps = make_pairs(stated, results, seconds)
    solved, due = Solved((), 0.0, 0), monotonic() + every
    try:
        while True:
            solved = next(steps)
            if folder is not None and monotonic() >= due:
                keep_pairs(folder, stated, solved.results, solved.seconds)
                due = monotonic() + every
            yield len(solved.results), solved.wanted
    except StopIteration as end:
        return end.value
    except BaseException as end:
        if folder is None or not solved.results:
            raise
        keep_pairs(folder, stated, solved.results, solved.seconds)
        if isinstance(end, KeyboardInterrupt):
            count = f"{len(solved.results)} of {solved.wanted} problems"
            message = f"{folder}: {count} are kept; the same command goes on with them"
            raise KeyboardInterrupt(message) from None
        raise


def holds_pairs(folder: Path) -> bool:
    """Whether an operator run was interrupted in a folder; ArchiveError where no run was there."""
    with reading(folder / FILE) as file:
        return _is_interrupted(file)


def _is_interrupted(file: Arrays) -> bool:
    return CHANGES in names(file) and has_checkpoint(file)
