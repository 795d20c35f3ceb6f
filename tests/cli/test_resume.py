"""An interrupted run is resumed by a command, or it is said in one line why not."""

import pytest
from typer.testing import CliRunner

from pikan.cli.main import app
from pikan.files.lock import folder_lock
from pikan.run import load_interrupted
from tests.stated import finish
from tests.test_resume import begun, stopped
from tests.test_run import RUNS


@pytest.fixture
def command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*words):
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert "Traceback" not in result.output
        return result

    return run


def test_an_interrupted_run_ends_where_it_would_have_and_then_has_ended(command, tmp_path):
    stopped(begun("kan", tmp_path / "there"), 3)
    assert command("resume", "there", "--quiet").exit_code == 0
    again = command("resume", "there")
    assert again.exit_code == 0
    assert again.output == "there: this run has ended (out of budget); nothing is left to do\n"


def test_a_time_limit_before_any_solution_ends_with_a_sentence_and_can_be_lifted(command, tmp_path):
    (tmp_path / "fisher.yaml").write_text(RUNS["march"], encoding="utf-8")
    late = command("solve", "fisher.yaml", "--quiet", "--set", "time_limit=1e-9")
    assert late.exit_code == 3
    assert "was over before there was any solution; `pikan resume results/fisher` goes on" in (
        late.stderr
    )
    later = command("resume", "results/fisher", "--quiet", "--time-limit", "1000")
    assert later.exit_code == 0, later.output


@pytest.mark.parametrize("content", [None, b"", b"junk", b"\x89HDF\r\n\x1a\n" + b"\0" * 99])
def test_what_is_no_run_is_refused_in_one_line(command, tmp_path, content):
    (tmp_path / "there").mkdir()
    if content is not None:
        (tmp_path / "there" / "run.h5").write_bytes(content)
    refused = command("resume", "there")
    assert refused.exit_code == 2
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    assert "there/run.h5" in refused.stderr


def test_solving_anew_sets_the_interrupted_run_aside_and_that_goes_on(command, tmp_path):
    (tmp_path / "case.yaml").write_text(RUNS["climb"], encoding="utf-8")
    stopped(begun("kan", tmp_path / "results" / "rod"), 3)
    before = (tmp_path / "results" / "rod" / "run.h5").read_bytes()
    said = command("solve", "case.yaml", "--quiet")
    assert said.exit_code == 0
    assert "which `pikan resume results/rod.1` goes on with" in said.stderr
    assert (tmp_path / "results" / "rod.1" / "run.h5").read_bytes() == before
    assert command("resume", "results/rod.1", "--quiet").exit_code == 0
    assert load_interrupted(tmp_path / "results" / "rod.1") is None


def test_the_command_that_goes_on_can_be_typed_as_it_is_said(command, tmp_path):
    (tmp_path / "my march.yaml").write_text(RUNS["march"], encoding="utf-8")
    words = ("solve", "my march.yaml", "--quiet", "--set", "time_limit=1e-9")
    assert "`pikan resume 'results/my march'` goes on" in command(*words).stderr
    assert "`pikan resume 'results/my march.1'` goes on with" in command(*words).stderr


def test_resuming_what_has_ended_leaves_the_texts_that_a_kill_has_cost(command, tmp_path):
    _, solution = finish(begun("climb"))
    solution.keep(tmp_path / "there")
    texts = {file: file.read_text() for file in (tmp_path / "there").glob("*[nl]")}
    (tmp_path / "there" / "report.json").unlink()
    (tmp_path / "there" / "problem.yaml").write_text("name: another\n")
    (tmp_path / "there" / ".report.json.0123abcd").write_text("half")
    assert command("resume", "there").exit_code == 0
    assert {file: file.read_text() for file in texts} == texts
    assert len(list((tmp_path / "there").iterdir())) == 3


@pytest.mark.parametrize("words", [("resume", "there"), ("solve", "rod.yaml", "--out", "there")])
def test_a_folder_in_which_a_run_is_at_work_is_left_alone(command, tmp_path, words):
    stopped(begun("kan", tmp_path / "there"), 3)
    (tmp_path / "rod.yaml").write_text(RUNS["climb"], encoding="utf-8")
    before = (tmp_path / "there" / "run.h5").read_bytes()
    with folder_lock(tmp_path / "there"):
        refused = command(*words)
    assert refused.exit_code == 2
    assert refused.stderr.startswith("there: a run is at work in it; ")
    assert refused.stderr.count("\n") == 1
    assert (tmp_path / "there" / "run.h5").read_bytes() == before


def test_a_folder_that_is_not_there_is_no_run(command):
    refused = command("resume", "nowhere")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
