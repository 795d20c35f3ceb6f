"""A run of a sweep goes on from what it has left when it was killed."""

import errno
import math
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import torch

from pikan import monitor, run
from pikan.spec import formulas, reader
from pikan.sweeps.job import work
from pikan.sweeps.record import UNWRITTEN, Job
from pikan.sweeps.worker import answer
from tests.sweeps.conftest import ROD
from tests.test_run import FISHER

SPEC = f"""\
{ROD.partition("network")[0]}
network: {{kind: mlp, width: [1, 4, 1]}}
sampling: {{interior: {{points: 16}}}}
training: [adam: {{steps: 30}}]
"""


@pytest.fixture
def killed(tmp_path):
    """A run of which nothing is left but its first checkpoint."""
    spec = reader.parse_spec(SPEC, "rod.yaml", tmp_path)
    steps = run.solve(spec, formulas.problem(spec), tmp_path / "0000", every=0.0)
    for _ in range(5):
        next(steps)
    return Job(0, SPEC, "rod.yaml", str(tmp_path), str(tmp_path / "0000"))


def lasting(result):
    return replace(result.measures, seconds=0.0, training_seconds=0.0)


def test_a_killed_run_goes_on_from_its_checkpoint_to_the_same_numbers(killed, tmp_path):
    whole = work(replace(killed, folder=str(tmp_path / "whole")), None)
    # With a file that asks for something else, only the checkpoint can lead there.
    rest = work(replace(killed, spec=SPEC.replace("30", "3")), None)
    assert lasting(rest) == lasting(whole)
    assert rest.measures.steps == 30


def test_what_nobody_can_go_on_from_is_made_anew(killed):
    (file,) = Path(killed.folder).glob("run.h5")
    file.write_bytes(file.read_bytes()[:-1])
    assert work(killed, None).measures.steps == 30


def test_a_march_that_was_cut_short_is_no_point_of_a_law(tmp_path, monkeypatch):
    seconds = count()
    monkeypatch.setattr(monitor, "monotonic", lambda: float(next(seconds)))
    spec = FISHER.replace("1e-2", "1e-12") + "time_limit: 30\n"
    result = work(Job(0, spec, "fisher.yaml", str(tmp_path), str(tmp_path / "0")), None)
    assert "solved until t = " in result.message
    assert math.isnan(result.measures.residual)
    assert math.isnan(result.measures.estimate)
    assert result.measures.steps > 0


def test_a_full_disk_is_no_failure_of_the_run(killed, monkeypatch):
    def refuse(opened):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    before = torch.get_num_threads()
    found = answer(killed, before)
    assert found.outcome == UNWRITTEN
    assert found.message.endswith("0000/run.h5: No space left on device")
