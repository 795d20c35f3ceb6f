"""A file is replaced as a whole or not at all."""

import os
from pathlib import Path

import pytest

from pikan.files.atomic import check_room, write_text, write_together


class Interrupted(BaseException):
    pass


@pytest.mark.parametrize("at", [1, 2])
def test_an_interrupted_write_leaves_the_old_files(tmp_path, monkeypatch, at):
    old = {tmp_path / "report.json": b"old", tmp_path / "run.h5": b"older"}
    write_together(old)
    calls = []

    def interrupt(opened):
        calls.append(opened)
        if len(calls) == at:
            raise Interrupted

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(Interrupted):
        write_together(dict.fromkeys(old, b"new"))
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == old


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), OSError("no room")])
def test_what_hinders_a_write_names_the_file_and_leaves_all_others(tmp_path, monkeypatch, fault):
    calls = []

    def refuse(opened):
        calls.append(opened)
        if len(calls) == 2:
            raise fault

    monkeypatch.setattr(os, "fsync", refuse)
    said = r"(No space left on device|no room): '.*/run\.h5'"
    with pytest.raises(OSError, match=said):
        write_together({tmp_path / "report.json": b"new", tmp_path / "run.h5": b"new"})
    assert not list(tmp_path.iterdir())


def test_files_take_their_places_in_their_order(tmp_path, monkeypatch):
    def kill(draft, path):
        if path.name == "second":
            raise Interrupted
        return replace(draft, path)

    replace = Path.replace
    monkeypatch.setattr(Path, "replace", kill)
    with pytest.raises(Interrupted):
        write_together({tmp_path / name: b"" for name in ("first", "second", "third")})
    assert [path.name for path in tmp_path.iterdir()] == ["first"]


def test_a_folder_that_takes_no_byte_is_named(tmp_path):
    check_room(tmp_path)
    assert not list(tmp_path.iterdir())
    (tmp_path / "taken").touch()
    with pytest.raises(NotADirectoryError, match="taken"):
        check_room(tmp_path / "taken")


def test_content_name_and_folder_reach_the_disk_in_this_order(tmp_path, monkeypatch):
    done, settled = [], os.fsync

    def fsync(opened):
        done.append((os.path.samestat(os.fstat(opened), tmp_path.stat()), path.exists()))
        settled(opened)

    path = tmp_path / "report.json"
    monkeypatch.setattr(os, "fsync", fsync)
    write_text(path, "new")
    assert done == [(False, False), (True, True)]


def test_folders_on_the_way_are_made(tmp_path):
    write_text(tmp_path / "a" / "b" / "c.txt", "π")
    assert (tmp_path / "a" / "b" / "c.txt").read_bytes() == "π".encode()


def test_the_file_is_an_ordinary_one(tmp_path):
    write_text(tmp_path / "mine", "")
    (tmp_path / "plain").touch()
    assert (tmp_path / "mine").stat().st_mode == (tmp_path / "plain").stat().st_mode
