"""What a run has come to, in the file of that run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
from torch import Tensor

from pikan.network.base import Network
from pikan.report.fields import Field
from pikan.report.report import Record, Report
from pikan.storage.checkpoint import Checkpoint, has_checkpoint, put_checkpoint
from pikan.storage.file import ArchiveError, names, put_text, reading, writing
from pikan.storage.serialize import (
    deserialize,
    get_serialized,
    put_serialized,
    restore_network,
    serialize,
)

_GROUP = "run"
OPERATOR = "operator"
"""The group of an operator, in the place of a run's."""


@final
@dataclass(frozen=True)
class ArchivedRun:
    """What is kept of a run, as plain data.

    `spec` is the text of the resolved problem file. `shape` is what `network.shape` says of the
    network as training left it, which takes the numbers in `state`. `fields` are for drawing, and
    empty if none were sampled.
    """

    spec: str
    shape: str
    state: Mapping[str, Tensor]
    history: tuple[Record, ...]
    report: Report
    fields: tuple[Field, ...]


def write_run(
    path: Path,
    run: ArchivedRun,
    goes_on: Checkpoint | None = None,
    data: Mapping[Path, bytes] | None = None,
    texts: Mapping[Path, bytes] | None = None,
) -> None:
    """Keep a run in a file, which is there completely or not at all; numbers bit by bit.

    `goes_on` is what the run goes on from, None where it has ended. The `data` that the run is
    compared with come just before, and `texts` that are in the archive as well just after: no
    report is there without its archive, no archive without its data.
    """
    with writing(path, data, texts) as file:
        put_text(file, "spec", run.spec)
        put_serialized(file, _GROUP, serialize(run))
        if goes_on is not None:
            put_checkpoint(file, goes_on)


def read_run(path: Path) -> ArchivedRun:
    """The run that `write_run` kept; raises `ArchiveError` where a file is none or is damaged."""
    with reading(path) as file:
        if has_checkpoint(file) and _GROUP not in names(file):
            raise ArchiveError("the run has not ended; `pikan resume` goes on with it")
        if OPERATOR in names(file):
            raise ArchiveError("this is an operator, no solution; `pikan.load` gives it back")
        found = deserialize(get_serialized(file, _GROUP), ArchivedRun, torch.device("cpu"))
        assert isinstance(found, ArchivedRun)
        return found


def network(run: ArchivedRun) -> Network:
    """The network of a run, number by number as it was; raises `ArchiveError` where none fits.

    Nothing is trained, and no problem file is needed: the network may have grown since it began.
    """
    return restore_network(run.shape, run.state)
