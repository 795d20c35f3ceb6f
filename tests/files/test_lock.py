"""Two processes do not write to one folder at a time."""

import subprocess
import sys
from errno import ENOLCK

import pytest

from pikan.files.lock import folder_lock

CODE = """
import sys
from pathlib import Path
from time import sleep
from pikan.files.lock import folder_lock
with folder_lock(Path(sys.argv[1])):
    print("claimed", flush=True)
    sleep(60)
"""


def test_a_claim_is_refused_until_the_one_before_ends(tmp_path):
    with (
        folder_lock(tmp_path),
        pytest.raises(BlockingIOError, match=r"a run is at work in it; [^\n]*with --out: '/.*'$"),
        folder_lock(tmp_path),
    ):
        pass
    with folder_lock(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_claim_ends_with_its_process_however_that_ends(tmp_path):
    words = [sys.executable, "-c", CODE, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "claimed\n"
        with pytest.raises(BlockingIOError), folder_lock(tmp_path):
            pass
        process.kill()
        process.wait()
        with folder_lock(tmp_path):
            pass


def test_what_goes_wrong_inside_is_no_claim_of_others(tmp_path):
    with pytest.raises(BlockingIOError, match="nothing to read"), folder_lock(tmp_path):
        raise BlockingIOError(11, "nothing to read")


def test_where_there_are_no_locks_nothing_is_claimed(tmp_path, monkeypatch):
    def refuse(opened, how):
        raise OSError(ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with folder_lock(tmp_path), folder_lock(tmp_path):
        pass


def test_a_failure_leaves_no_empty_folder_but_those_that_were_there(tmp_path):
    new, old = tmp_path / "results" / "new", tmp_path / "old"
    old.mkdir()
    for folder in (new, old):
        with pytest.raises(ZeroDivisionError), folder_lock(folder):
            raise ZeroDivisionError
    assert not (tmp_path / "results").exists()
    assert old.exists()


def test_what_was_written_before_a_failure_stays(tmp_path):
    def fail(folder):
        (folder / "report.json").touch()
        raise ZeroDivisionError

    new = tmp_path / "results" / "new"
    with pytest.raises(ZeroDivisionError), folder_lock(new):
        fail(new)
    assert [path.name for path in new.iterdir()] == ["report.json"]


def test_a_folder_that_another_one_has_just_taken_the_place_of_is_claimed_anew(
    tmp_path, monkeypatch
):
    folder, locks = tmp_path / "there", []

    def swap(opened, how):
        locks.append(opened)
        if len(locks) == 1:
            folder.rename(tmp_path / "aside")

    monkeypatch.setattr("fcntl.flock", swap)
    with folder_lock(folder):
        assert folder.is_dir()
    assert len(locks) == 2
