"""A file is replaced as a whole or not at all."""

import os

import pytest

from pikan.report.files import replacing, write_text


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "report.json"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt):
        interrupted_write(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def interrupted_write(path):
    with replacing(path) as draft:
        draft.write_text("ne")
        raise KeyboardInterrupt


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), OSError("no room")])
def test_what_hinders_a_write_names_the_file(tmp_path, fault):
    path = tmp_path / "report.json"
    said = r"(No space left on device|no room): '.*/report\.json'"
    with pytest.raises(OSError, match=said), replacing(path):
        raise fault
    assert not list(tmp_path.iterdir())


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
