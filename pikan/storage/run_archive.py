"""What a run has come to, in the file of that run."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import h5py
import numpy as np
import torch
from torch import Tensor

from pikan.network.base import Network
from pikan.report.fields import Field
from pikan.report.report import Record, Report, from_json
from pikan.storage.checkpoint import Checkpoint, has_checkpoint, put_checkpoint
from pikan.storage.file import (
    ArchiveError,
    Arrays,
    get_array,
    get_group,
    get_text,
    names,
    put_text,
    reading,
    writing,
)
from pikan.storage.serialize import restore_network


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
        put_text(file, "shape", run.shape)
        put_text(file, "report", run.report.to_json())
        state, fields = file.create_group("state"), file.create_group("fields")
        for name, tensor in run.state.items():
            state[name] = tensor.detach().cpu().numpy()
        _put_history(file.create_group("history"), run.history)
        for i, field in enumerate(run.fields):
            _put_field(fields.create_group(str(i)), field)
        if goes_on is not None:
            put_checkpoint(file, goes_on)


def read_run(path: Path) -> ArchivedRun:
    """The run that `write_run` kept; raises `ArchiveError` where a file is none or is damaged."""
    with reading(path) as file:
        return _run(file)


def network(run: ArchivedRun) -> Network:
    """The network of a run, number by number as it was; raises `ArchiveError` where none fits.

    Nothing is trained, and no problem file is needed: the network may have grown since it began.
    """
    return restore_network(run.shape, run.state)


def _put_history(group: h5py.Group, history: Sequence[Record]) -> None:
    """The records by column; what a record does not have is NaN, and marked as missing."""
    stages = list(dict.fromkeys(record.stage for record in history))
    labels = list(dict.fromkeys(label for record in history for label, _ in record.blocks))
    levels = list(dict.fromkeys(record.level for record in history))
    blocks = [dict(record.blocks) for record in history]
    put_text(group, "stages", json.dumps(stages))
    put_text(group, "labels", json.dumps(labels))
    put_text(group, "levels", json.dumps(levels))
    group["stage"] = np.array([stages.index(record.stage) for record in history], dtype=np.int64)
    group["level"] = np.array([levels.index(record.level) for record in history], dtype=np.int64)
    group["stage_index"] = np.array([record.stage_index for record in history], dtype=np.int64)
    group["step"] = np.array([record.step for record in history], dtype=np.int64)
    group["seconds"] = np.array([record.seconds for record in history], dtype=np.float64)
    group["loss"] = np.array([record.loss for record in history], dtype=np.float64)
    _put_partial(group, "error", [[record.error] for record in history], 1)
    _put_partial(group, "blocks", [[b.get(label) for label in labels] for b in blocks], len(labels))


def _put_partial(group: h5py.Group, name: str, rows: list[list[float | None]], width: int) -> None:
    values = [[math.nan if value is None else value for value in row] for row in rows]
    present = [[value is not None for value in row] for row in rows]
    group[name] = np.array(values, dtype=np.float64).reshape(len(rows), width)
    group[f"{name}_present"] = np.array(present, dtype=np.uint8).reshape(len(rows), width)


def _put_field(group: h5py.Group, field: Field) -> None:
    put_text(group, "axes", json.dumps(field.axes))
    put_text(group, "fixed", json.dumps(field.fixed))
    for axis, grid in enumerate(field.grids):
        group[f"grids/{axis}"] = grid
    group["solution"] = field.solution
    if field.exact is not None:
        group["exact"] = field.exact
    if field.residual is not None:
        group["residual"] = field.residual


def _run(file: Arrays) -> ArchivedRun:
    if has_checkpoint(file) and "report" not in file:
        raise ArchiveError("the run has not ended; `pikan resume` goes on with it")
    state, fields = get_group(file, "state"), get_group(file, "fields")
    return ArchivedRun(
        spec=get_text(file, "spec"),
        shape=get_text(file, "shape"),
        state={name: torch.from_numpy(get_array(state, name)) for name in names(state)},
        history=_history(get_group(file, "history")),
        report=from_json(get_text(file, "report")),
        fields=tuple(_field(get_group(fields, name)) for name in sorted(names(fields), key=int)),
    )


def _history(group: Arrays) -> tuple[Record, ...]:
    stages, labels = _words(group, "stages"), _words(group, "labels")
    errors, blocks = _partial(group, "error"), _partial(group, "blocks")
    columns = [get_array(group, name).tolist() for name in ("stage", "stage_index", "step")]
    # Archives of version 0.1 do not say which level a stage belongs to.
    known = "levels" in names(group)
    words = _words(group, "levels") if known else ("",)
    levels = get_array(group, "level").tolist() if known else [0] * len(columns[0])
    numbers = [get_array(group, name).tolist() for name in ("seconds", "loss")]
    return tuple(
        Record(
            stages[stage],
            stage_index,
            step,
            seconds,
            loss,
            tuple((k, v) for k, v in zip(labels, row, strict=True) if v is not None),
            error,
            words[level],
        )
        for stage, stage_index, step, seconds, loss, row, (error,), level in zip(
            *columns, *numbers, blocks, errors, levels, strict=True
        )
    )


def _words(group: Arrays, name: str) -> tuple[str, ...]:
    return tuple(str(word) for word in json.loads(get_text(group, name)))


def _partial(group: Arrays, name: str) -> list[list[float | None]]:
    values, present = get_array(group, name), get_array(group, f"{name}_present")
    return [
        [float(value) if there else None for value, there in zip(*pair, strict=True)]
        for pair in zip(values, present, strict=True)
    ]


def _field(group: Arrays) -> Field:
    axes = _words(group, "axes")
    grids = get_group(group, "grids")
    return Field(
        axes=axes,
        grids=tuple(get_array(grids, str(axis)) for axis in range(len(axes))),
        fixed=tuple(
            (str(name), float(value)) for name, value in json.loads(get_text(group, "fixed"))
        ),
        solution=get_array(group, "solution"),
        exact=get_array(group, "exact") if "exact" in group else None,
        residual=get_array(group, "residual") if "residual" in group else None,
    )
