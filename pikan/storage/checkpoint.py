"""Checkpoint of an interrupted run, in the file of that run."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, final

import h5py
import torch
from jaxtyping import UInt8
from torch import Tensor

from pikan.report.report import Record, Versions, versions
from pikan.storage.file import ArchiveError, Arrays, names, put_text, reading, writing
from pikan.storage.serialize import (
    Serialized,
    deserialize,
    get_serialized,
    put_serialized,
    serialize,
)

GROUP = "checkpoint"
"""What an unfinished run needs to go on is called in its file."""


class CachedResult(NamedTuple):
    """The result of a step, and the generator after it; None if nothing was drawn in it."""

    result: Serialized
    generator: UInt8[Tensor, " _"] | None


class UnfinishedStep(NamedTuple):
    """An unfinished part of a run: what its parts have come to, and how many events it showed."""

    done: tuple[CachedResult, ...]
    seen: int


class Clock(NamedTuple):
    """Clock of a run: seconds of training and in all, and the last event."""

    training: float
    total: float
    level: str
    stage: str
    stage_index: int
    step: int
    kept: int
    stage_began: float


@final
@dataclass(frozen=True)
class Checkpoint:
    """All that a run needs to go on to the bits that it would have come to.

    `spec` is the text of the resolved problem file, `reasons` say what was chosen in it. `frames`
    are the unfinished parts, the whole run first, each with the next inside; `in_progress` is the
    state of the stage in the last one.
    """

    spec: str
    reasons: tuple[str, ...]
    versions: Versions
    threads: int
    clock: Clock
    history: tuple[Record, ...]
    frames: tuple[UnfinishedStep, ...]
    in_progress: Serialized


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint in a file, which stays as it was until the new one is complete."""
    with writing(path) as file:
        put_text(file, "spec", checkpoint.spec)
        put_checkpoint(file, checkpoint)


def read_checkpoint(path: Path) -> Checkpoint | None:
    """The checkpoint in a file, None where the run in it has ended.

    ArchiveError where there is none, where it is damaged, and where it was written by versions
    that do not come to the same bits.
    """
    with reading(path) as file:
        if not has_checkpoint(file):
            return None
        found = deserialize(get_serialized(file, GROUP), Checkpoint, torch.device("cpu"))
    assert isinstance(found, Checkpoint)
    if found.versions != versions():
        wrote, runs = (
            f"pikan {v.pikan}, torch {v.torch} and Python {v.python}"
            for v in (found.versions, versions())
        )
        raise ArchiveError(
            f"{path}: the run was interrupted under {wrote}, and {runs} would go on to other bits; "
            "resume it with those, or solve the problem anew"
        )
    return found


def has_checkpoint(file: Arrays) -> bool:
    """Whether a run goes on from what is in its file."""
    return GROUP in names(file)


def put_checkpoint(file: h5py.File, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint beside whatever else is in a file."""
    put_serialized(file, GROUP, serialize(checkpoint))
