"""What an interrupted run goes on from comes back, and what ended or is no run does not."""

from dataclasses import replace

import pytest
import torch

from pikan.report.report import Record, versions
from pikan.storage.checkpoint import (
    CachedResult,
    Checkpoint,
    Clock,
    UnfinishedStep,
    read_checkpoint,
    write_checkpoint,
)
from pikan.storage.file import ArchiveError, writing
from pikan.storage.run_archive import ArchivedRun, read_run, write_run
from pikan.storage.serialize import serialize
from tests.storage.test_run_archive import REPORT


@pytest.fixture
def checkpoint():
    drawn = torch.Generator().manual_seed(1).get_state()
    done = (CachedResult(serialize(torch.eye(2)), drawn), CachedResult(serialize("a word"), None))
    return Checkpoint(
        spec="name: heat\n",
        reasons=("linear",),
        versions=versions(),
        threads=3,
        clock=Clock(1.5, 2.5, "fine", "adam", 2, 17, 9, 0.5),
        history=(Record("adam", 0, 1, 0.1, 2.0, (("equation", 1.0),), None),),
        frames=(UnfinishedStep(done, 4), UnfinishedStep((), 0)),
        in_progress=serialize(None),
    )


def same(one, other):
    assert replace(one, frames=()) == replace(other, frames=())
    assert [frame.seen for frame in one.frames] == [frame.seen for frame in other.frames]
    for mine, yours in zip(one.frames[0].done, other.frames[0].done, strict=True):
        assert (mine.generator is None) == (yours.generator is None)
        assert mine.generator is None or torch.equal(mine.generator, yours.generator)
    assert torch.equal(one.frames[0].done[0].result.plain, other.frames[0].done[0].result.plain)
    assert one.frames[0].done[1] == other.frames[0].done[1]


def test_a_checkpoint_comes_back_as_it_was(checkpoint, tmp_path):
    write_checkpoint(tmp_path / "run.h5", checkpoint)
    same(read_checkpoint(tmp_path / "run.h5"), checkpoint)


def test_a_run_that_has_ended_has_no_checkpoint(tmp_path):
    path = tmp_path / "run.h5"
    with writing(path):
        pass
    assert read_checkpoint(path) is None


@pytest.mark.parametrize("content", [None, b"", b"no run of ours"])
def test_what_is_no_run_has_no_checkpoint(content, tmp_path):
    path = tmp_path / "run.h5"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"run\.h5: "):
        read_checkpoint(path)


@pytest.mark.parametrize("part", ["pikan", "torch", "python"])
@pytest.mark.parametrize("version", ["0", "99"])
def test_a_run_of_older_and_of_newer_versions_is_refused(checkpoint, part, version, tmp_path):
    found = replace(checkpoint.versions, **{part: version})
    write_checkpoint(tmp_path / "run.h5", replace(checkpoint, versions=found))
    refused = rf"run\.h5: the run was interrupted under pikan .*{version}.* and pikan .* would go"
    with pytest.raises(ArchiveError, match=refused):
        read_checkpoint(tmp_path / "run.h5")


def test_keeping_a_run_touches_no_file_but_its_own(checkpoint, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    write_checkpoint(tmp_path / "run.h5", checkpoint)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_run_that_has_come_to_nothing_yet_is_not_read(checkpoint, tmp_path):
    write_checkpoint(tmp_path / "run.h5", checkpoint)
    with pytest.raises(ArchiveError, match="has not ended; `pikan resume` goes on with it"):
        read_run(tmp_path / "run.h5")


def test_what_an_interrupted_run_has_come_to_is_read_beside_its_checkpoint(checkpoint, tmp_path):
    write_run(tmp_path / "run.h5", ArchivedRun("", "", {}, (), REPORT, ()), checkpoint)
    assert read_run(tmp_path / "run.h5").report == REPORT
    same(read_checkpoint(tmp_path / "run.h5"), checkpoint)
