import json
import platform
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pikan.cli import main as command_line
from pikan.cli.main import app

GOOD = """\
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_xx = -pi^2*sin(pi*x)]
conditions: [{where: boundary, that: u = 0}]
exact: {u: sin(pi*x)}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command in an empty folder; the result has an exit code and both outputs."""
    monkeypatch.chdir(tmp_path)

    def command(*words):
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert "Traceback" not in result.output
        return result

    return command


@pytest.fixture
def case(tmp_path):
    def write(text=GOOD, name="case.yaml"):
        Path(tmp_path, name).write_text(text, encoding="utf-8")
        return name

    return write


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_help_names_every_command(run):
    shown = run("--help").output
    assert all(command in shown for command in ("solve", "check", "report", "new", "schema"))


def test_a_good_file_passes_the_check_and_the_exact_solution_fits(run, case):
    result = run("check", case())
    assert result.exit_code == 0, result.output
    assert "the exact solution satisfies equation, boundary (relative residual" in result.stdout
    assert result.stdout.endswith("case.yaml: no faults\n")


@pytest.mark.parametrize("command", ["check", "solve"])
def test_a_wrong_sign_is_found_before_any_training(run, case, tmp_path, command):
    result = run(command, case(GOOD.replace("-pi^2", "pi^2")))
    assert result.exit_code == 2
    assert "case.yaml:5: exact: the exact solution does not satisfy 'equation'" in result.stderr
    assert "is a sign wrong?" in result.stderr
    assert not (tmp_path / "results").exists()


def test_fluxes_that_do_not_balance_are_said_in_the_last_line(run, case):
    unbalanced = GOOD.replace("-pi^2*sin(pi*x)", "1").replace("that: u =", "that: u_n =")
    solved = run("solve", case(unbalanced.partition("exact")[0]), "--quiet")
    assert solved.exit_code == 3, solved.output
    assert solved.stdout.startswith("case: stalled (")
    assert "do not balance" in solved.stdout


@pytest.mark.parametrize("command", ["check", "solve"])
def test_all_faults_come_together_with_their_lines_and_nothing_is_written(
    run, case, tmp_path, command
):
    text = GOOD.replace("unknowns", "unknown")
    before = case(text)
    result = run(command, before)
    assert result.exit_code == 2
    assert "case.yaml:2: unknown: unknown key; did you mean 'unknowns'?" in result.stderr
    assert "2 faults; nothing was written" in result.stderr
    assert files(tmp_path) == [before]
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("command", ["check", "solve"])
def test_a_file_that_is_not_there_is_named(run, command):
    result = run(command, "nowhere.yaml")
    assert result.exit_code == 2
    assert "nowhere.yaml" in result.stderr


def test_a_folder_that_holds_no_run_is_named(run, tmp_path):
    result = run("report", tmp_path)
    assert result.exit_code == 2
    assert str(tmp_path) in result.stderr


def test_a_folder_that_cannot_be_made_is_named_before_any_training(run, case, tmp_path):
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    result = run("solve", case(), "--out", "taken")
    assert result.exit_code == 2
    assert result.stderr == "taken: this is a file; name a folder for the results\n"


def test_a_setting_without_a_value_is_named(run, case):
    result = run("solve", case(), "--set", "network.degree")
    assert result.exit_code == 2
    assert "--set network.degree: write it as key=value" in result.stderr


def test_a_wrong_flag_is_named_like_a_key_of_the_file(run, case, tmp_path):
    result = run("solve", case(), "--device", "abacus")
    assert result.exit_code == 2
    assert "abacus" in result.stderr
    assert not (tmp_path / "results").exists()


def test_a_device_that_is_not_there_is_named_and_nothing_is_written(run, case, tmp_path):
    result = run("solve", case(), "--device", "cuda:99")
    assert result.exit_code == 2
    assert "'cuda:99'" in result.stderr
    assert not (tmp_path / "results").exists()


def test_a_new_file_is_sound_and_never_overwrites(run, tmp_path):
    assert run("new", "rod").exit_code == 0
    written = (tmp_path / "rod.yaml").read_text(encoding="utf-8")
    assert run("check", "rod.yaml").exit_code == 0
    again = run("new", "rod")
    assert again.exit_code == 2
    assert "rod.yaml is there already" in again.stderr
    assert (tmp_path / "rod.yaml").read_text(encoding="utf-8") == written


@pytest.mark.parametrize("name", ["../rod", "a/b", "", "1e3", "x" * 65, "rod.yaml"])
def test_a_new_file_never_leaves_the_folder(run, tmp_path, name):
    assert run("new", name).exit_code == 2
    assert files(tmp_path) == []


def test_the_schema_is_json_and_knows_the_keys(run):
    schema = json.loads(run("schema").stdout)
    assert {"domain", "equations", "conditions"} <= schema["properties"].keys()


def test_a_failure_of_pikan_itself_is_a_sentence_unless_asked_for(monkeypatch, capsys):
    def fail():
        raise RuntimeError("a bug")

    monkeypatch.setattr(command_line, "app", fail)
    monkeypatch.setattr(sys, "argv", ["pikan", "schema"])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 1
    assert "pikan itself failed: RuntimeError: a bug" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["pikan", "--debug", "schema"])
    with pytest.raises(RuntimeError, match="a bug"):
        command_line.main()


SMALL = [
    "--set",
    "network={kind: kan, width: [1, 1], basis: chebyshev, degree: 20}",
    "--set",
    "training=[{least_squares: {}}]",
]


def test_a_solved_problem_leaves_its_files_and_is_reported_again(run, case, tmp_path):
    solved = run("solve", case(), *SMALL)
    assert solved.exit_code == 0, solved.output
    left = tmp_path / "results" / "case"
    assert {"run.h5", "report.json", "problem.yaml"} < set(files(left))
    report = json.loads((left / "report.json").read_text())
    assert report["errors"]["u"]["relative_l2"] < 1e-10
    assert datetime.fromisoformat(report["date"]).utcoffset() is not None
    assert report["command"].split()[0] == "pikan"
    assert (report["file"], report["host"]) == ("case.yaml", platform.node())
    assert "\x1b" not in solved.stdout
    for figure in left.glob("*.png"):
        figure.unlink()
    again = run("report", left)
    assert again.exit_code == 0, again.output
    assert "relative L2" in again.stdout
    assert list(left.glob("*.png"))


def test_quiet_is_one_line_and_out_says_where(run, case, tmp_path):
    solved = run("solve", case(), *SMALL, "--quiet", "--out", "here")
    assert solved.exit_code == 0, solved.output
    (line,) = solved.stdout.splitlines()
    assert line.startswith("case: finished, u to ")
    assert line.endswith("; see here")
    assert (tmp_path / "here" / "run.h5").is_file()


def test_the_resolved_file_says_all_that_there_is_to_say(run, case, tmp_path):
    assert run("solve", case(), *SMALL, "--out", "first").exit_code == 0
    assert run("solve", Path("first", "problem.yaml"), "--out", "second").exit_code == 0
    first, second = (
        (tmp_path / name / "problem.yaml").read_text(encoding="utf-8")
        for name in ("first", "second")
    )
    assert first == second


def test_an_accuracy_that_is_missed_is_exit_code_3_with_all_files(run, case, tmp_path):
    words = [
        "--set",
        "network={kind: mlp, width: [1, 2, 1]}",
        "--set",
        "training=[{adam: {steps: 2}}]",
    ]
    missed = run("solve", case(), *words, "--accuracy", "1e-9", "--out", "here")
    assert missed.exit_code == 3, missed.output
    assert {"run.h5", "report.json", "problem.yaml"} < set(files(tmp_path / "here"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_what_it_has(case, tmp_path, number):
    case()
    words = ["--set", "network={kind: mlp, width: [1, 8, 1]}"]
    words += ["--set", "training=[{adam: {steps: 10000000}}]", "--out", "here"]
    command = [sys.executable, "-m", "pikan", "solve", "case.yaml", *words]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        # The first line of progress comes after five seconds.
        for line in process.stdout:
            if line.startswith("adam"):
                break
        process.send_signal(number)
        process.communicate(timeout=600)
    assert process.returncode == 130
    report = json.loads((tmp_path / "here" / "report.json").read_text())
    assert report["outcome"] == "interrupted"


@pytest.mark.parametrize("words", [("schema",), ("check", "case.yaml"), ("new", "rod")])
def test_output_that_nobody_can_keep_is_no_failure_of_pikan(case, tmp_path, words):
    case()
    command = [sys.executable, "-m", "pikan", *words]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ended.returncode == 4
    assert ended.stderr.startswith("No space left on device; make room there")


def test_a_new_file_that_finds_no_room_leaves_no_half(run, tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pikan.cli.template.template", full)
    assert run("new", "rod").exit_code == 4
    assert files(tmp_path) == []
