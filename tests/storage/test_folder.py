"""What is in the folder of a run is told apart, and is never lost where it makes room."""

import os
from errno import EBUSY
from pathlib import Path

import pytest

from pikan.references.data import KEPT
from pikan.storage.folder import Content, clear_results, content, discard, move, others, set_aside
from tests.test_resume import begun, finish, stopped


def filled(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text(name)
    return folder


@pytest.fixture(scope="module")
def solution():
    return finish(begun("climb"))[1]


def test_a_folder_without_files_of_anybody_holds_nothing(tmp_path):
    assert content(tmp_path / "nowhere", "", {}) == Content("nothing")
    filled(tmp_path, ".DS_Store", ".run.h5.0123abcd")
    assert content(tmp_path, "", {}) == Content("nothing")


def test_a_result_is_known_by_its_problem_file_and_its_data(tmp_path, solution):
    solution.keep(tmp_path)
    filled(tmp_path, KEPT)
    told = tmp_path / KEPT
    assert content(tmp_path, solution.spec, {}) == Content("a result", same=True)
    assert content(tmp_path, solution.spec, {told: KEPT.encode()}) == Content("a result", same=True)
    assert content(tmp_path, solution.spec, {told: b"others"}) == Content("a result")
    assert content(tmp_path, f"{solution.spec}seed: 1\n", {}) == Content("a result")


@pytest.mark.parametrize("name", ["kan", "march"])
def test_an_interrupted_run_is_known_with_or_without_a_solution(tmp_path, name):
    best = stopped(begun(name, tmp_path), 2)
    spec = finish(begun(name))[1].spec
    assert content(tmp_path, spec, {}) == Content("an interrupted run", same=True)
    if best is not None:
        best.keep(tmp_path)
        assert content(tmp_path, spec, {}) == Content("an interrupted run", same=True)
    assert content(tmp_path, "", {}) == Content("an interrupted run")


def test_an_archive_that_cannot_be_read_is_a_result_where_all_beside_it_is_a_runs(tmp_path):
    run = filled(tmp_path, "run.h5", "report.json", "functions.png")
    assert content(run, "", {}) == Content("a result")
    assert content(filled(tmp_path, "notes.txt"), "", {}) == Content("other files")
    mine = filled(tmp_path / "mine", "problem.yaml")
    assert content(mine, "", {}) == Content("other files")
    assert others(tmp_path, ["run.h5"]) == [
        "functions.png", "mine", "notes.txt", "report.json",
    ]  # fmt: skip


def test_folders_are_set_aside_whole_one_after_the_other(tmp_path):
    filled(tmp_path / "rod.2", "mine")
    for number in (1, 3, 4):
        folder = filled(tmp_path / "rod", f"run {number}")
        assert set_aside(folder) == tmp_path / f"rod.{number}"
        assert not folder.exists()
    found = {path.name: [file.name for file in path.iterdir()] for path in tmp_path.iterdir()}
    assert found == {"rod.1": ["run 1"], "rod.2": ["mine"], "rod.3": ["run 3"], "rod.4": ["run 4"]}


def test_what_cannot_be_renamed_stays_and_leaves_no_empty_folder(tmp_path, monkeypatch):
    folder = filled(tmp_path / "rod", "run.h5")

    def refuse(old, new):
        raise OSError(EBUSY, os.strerror(EBUSY))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", refuse)
        with pytest.raises(OSError, match="busy"):
            set_aside(folder)
    monkeypatch.chdir(folder)
    for inside in (folder, Path(), Path("..", "rod")):
        with pytest.raises(OSError, match="this command runs in"):
            set_aside(inside)
    assert [path.name for path in tmp_path.rglob("*")] == ["rod", "run.h5"]


def test_only_what_a_run_has_left_is_removed(tmp_path):
    folder = filled(tmp_path / "rod", "run.h5", "report.json", ".report.json.0123abcd", "notes.txt")
    discard(folder)
    assert len(list(folder.iterdir())) == 4
    (folder / "notes.txt").unlink()
    discard(folder)
    assert not folder.exists()


def test_a_folder_moves_to_an_empty_place_alone(tmp_path):
    full = filled(tmp_path / "full", "mine")
    with pytest.raises(OSError, match=r"not empty|File exists"):
        move(filled(tmp_path / "rod", "run.h5"), full)
    (tmp_path / "empty").mkdir()
    move(tmp_path / "rod", tmp_path / "empty")
    assert [path.name for path in (tmp_path / "empty").iterdir()] == ["run.h5"]


def test_results_go_and_the_archive_stays_with_its_data(tmp_path):
    clear_results(filled(tmp_path, "run.h5", KEPT, "report.json", "solution.png", "notes.txt"))
    assert {path.name for path in tmp_path.iterdir()} == {"run.h5", KEPT, "notes.txt"}
