"""Every fault of a problem file is found, and nothing that is none is called one."""

from contextlib import suppress
from pathlib import Path

import pytest

import pikan
from pikan.spec.faults import SpecError
from pikan.spec.reader import parse_spec, read_spec
from pikan.spec.stages.adam import AdamStage
from pikan.spec.stages.lbfgs import LBFGSStage
from tests.bounded import Calls

FAULTY = sorted((Path(__file__).parent / "faulty").glob("*.yaml"))
PROBLEMS = Path(__file__).parents[2] / "problems"
SHIPPED = sorted(
    f for f in PROBLEMS.rglob("*.yaml") if f.parent.name not in ("sweeps", "operators")
)
ROD = """
domain: {x: [0, 1], t: [0, 1]}
unknowns: [u]
equations: [u_t = u_xx]
conditions:
  - {where: t = 0, that: u = sin(pi*x)}
  - {where: boundary, that: u = 0}
"""


def faults(text, changes=None):
    with pytest.raises(SpecError) as caught:
        parse_spec(text, "rod.yaml", Path(), changes)
    return [str(fault) for fault in caught.value.faults]


def spec(text, changes=None):
    return parse_spec(text, "rod.yaml", Path(), changes)


@pytest.mark.parametrize("path", FAULTY, ids=lambda path: path.stem)
def test_a_faulty_file_is_told_all_of_its_faults(path):
    with pytest.raises(SpecError) as caught:
        read_spec(path)
    told = [str(fault).removeprefix(f"{path.parent}/") for fault in caught.value.faults]
    assert told == path.with_suffix(".txt").read_text().splitlines()


def test_there_are_enough_faulty_files():
    assert len(FAULTY) >= 60


@pytest.mark.parametrize("path", FAULTY, ids=lambda path: path.stem)
def test_every_fault_says_where_and_what_would_do(path):
    with pytest.raises(SpecError) as caught:
        read_spec(path)
    for fault in caught.value.faults:
        assert fault.place.source == str(path)
        assert 1 <= fault.place.line <= max(1, len(path.read_text().splitlines()))
        assert any(word in fault.message for word in REMEDIES), fault.message


# What a sentence that helps holds: the remedy, or the choice that there is.
REMEDIES = ("; ", "needs", "write", "choose", "deeper than", "given twice")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_problems_have_no_faults(path):
    assert read_spec(path).name == path.stem


def test_numbers_and_words_are_those_of_yaml_1_2():
    read_back = spec(ROD + "accuracy: 1e-3\ntitle: on\nsource: no\ndescription: 2020-01-01\n")
    assert read_back.accuracy == 1e-3
    assert (read_back.title, read_back.source) == ("on", "no")
    assert read_back.description == "2020-01-01"


def test_a_count_may_be_written_as_1e3():
    stage = spec(ROD + "training: [adam: {steps: 1e3}]").training[0]
    assert isinstance(stage, AdamStage)
    assert stage.adam.steps == 1000


def test_a_stage_may_be_its_name_alone():
    stages = spec(ROD + "training: [lbfgs, adam: ]").training
    assert isinstance(stages[0], LBFGSStage)
    assert stages[1] == AdamStage(adam={})


def test_numbers_may_be_formulas_of_constants():
    read_back = spec(ROD + "constants: {k: 2, m: 3*k}\naccuracy: 10^-m\ntime_limit: 5*60\n")
    assert read_back.accuracy == pytest.approx(1e-6)
    assert read_back.time_limit == 300


def test_changes_reach_into_mappings_and_lists():
    text = ROD + "training:\n  - adam: {steps: 5}\n  - lbfgs: {steps: 6}\n"
    changes = {"training.1.lbfgs.steps": "7", "accuracy": "1e-6", "domain.x.1": "2*pi"}
    changed = spec(text, changes)
    assert changed.training[0].adam.steps == 5
    assert changed.training[1].lbfgs.steps == 7
    assert changed.accuracy == 1e-6
    assert changed.domain["x"] == (0, "2*pi")


def test_a_change_makes_the_mappings_on_its_way():
    assert spec(ROD, {"sampling.interior.points": "64"}).sampling.interior.points == 64


def test_faults_of_changes_name_the_flag():
    changes = {
        "training.0.adam.steps": "ten",
        "sed": "3",
        "equations.0": "u_t = v",
        "conditions.9.that": "u = 0",
        "domain.x": "[1, 0",
        "seed": "",
    }
    told = faults(ROD + "training: [adam: {}]", changes)
    assert [one.partition(": ")[2] for one in told] == [
        "conditions.9.that: '9' is no entry of the list there, which has 0 to 1",
        "domain.x: not YAML: expected ',' or ']', but got '<stream end>'; see to the brackets",
        "training.0.adam.steps: got 'ten', needs a whole number",
        "seed: got '', needs a whole number",
        "sed: unknown key; did you mean 'seed'?",
        "equations.0: unknown name 'v' in 'u_t = v'; the problem has u, x and t",
    ]
    flags = {f"--set {key}={text}" for key, text in changes.items()}
    assert {one.partition(": ")[0] for one in told} == flags


def test_faults_of_keywords_in_python_name_the_keyword(tmp_path):
    (tmp_path / "rod.yaml").write_text(ROD)
    for given in (tmp_path / "rod.yaml", read_spec(tmp_path / "rod.yaml")):
        with pytest.raises(SpecError) as caught:
            pikan.solve(given, sed=1)
        (told,) = caught.value.faults
        assert str(told) == "the keyword sed=1: sed: unknown key; did you mean 'seed'?"


def test_the_name_is_that_of_the_file_where_there_is_none(tmp_path):
    (tmp_path / "cold_rod.yaml").write_text(ROD)
    assert read_spec(tmp_path / "cold_rod.yaml").name == "cold_rod"


def test_a_missing_file_is_a_fault_with_a_remedy(tmp_path):
    (tmp_path / "poisson.yaml").write_text(ROD)
    with pytest.raises(SpecError, match=r"no such file; did you mean 'poisson.yaml'\?"):
        read_spec(tmp_path / "posson.yaml")
    with pytest.raises(SpecError, match="there is no folder"):
        read_spec(tmp_path / "nowhere" / "posson.yaml")


def test_a_folder_is_no_problem_file(tmp_path):
    with pytest.raises(SpecError, match="this is a folder"):
        read_spec(tmp_path)


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path):
    (tmp_path / "binary.yaml").write_bytes(b"name: a\ntitle: \xff\xfe\x00\n")
    with pytest.raises(SpecError, match="line 2 is not UTF-8 text"):
        read_spec(tmp_path / "binary.yaml")


def test_a_file_that_is_no_short_text_is_refused(tmp_path):
    (tmp_path / "large.yaml").write_text("#" * 200_001)
    with pytest.raises(SpecError, match="larger than 200000 bytes"):
        read_spec(tmp_path / "large.yaml")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "marked.yaml").write_bytes(b"\xef\xbb\xbf" + ROD.encode())
    assert read_spec(tmp_path / "marked.yaml").unknowns == ("u",)


def test_nothing_in_a_file_is_executed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    attack = "(lambda: __import__('os').system('touch owned'))()"
    faults(ROD.replace("u_xx", attack).replace("[u_t", '["u_t').replace("()]", '()"]'))
    faults('name: !!python/object/apply:os.system ["touch owned"]' + ROD)
    assert not list(tmp_path.iterdir())


def test_a_reference_may_not_leave_its_folder_through_a_link(tmp_path):
    outside, inside = tmp_path / "u.csv", tmp_path / "inside"
    outside.write_text("x,t,u\n0,0,0\n")
    inside.mkdir()
    (inside / "u.csv").symlink_to(outside)
    reference = "reference: {file: u.csv, coordinates: {x: x, t: t}, unknowns: {u: u}}"
    (inside / "rod.yaml").write_text(ROD + reference)
    with pytest.raises(SpecError, match="needs a file in the folder"):
        read_spec(inside / "rod.yaml")


def test_any_bytes_are_a_spec_or_a_list_of_faults(tmp_path):
    whole = ROD.encode()
    for cut in range(0, len(whole), 7):
        for garbage in (b"{", b"]", b"*a", b"!!x", b"\t", b"\x00", b"'"):
            (tmp_path / "cut.yaml").write_bytes(whole[:cut] + garbage + whole[cut + 1 :])
            with suppress(SpecError):
                read_spec(tmp_path / "cut.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 900_000,
        "- a\n" * 200_000,
        "a: {b: [" + "c, " * 300_000 + "]}",
        "? " * 400_000,
        "x" * 900_000,
    ],
    ids=["deep", "long", "wide", "keys", "word"],
)
def test_hostile_texts_are_refused_before_they_are_read(text):
    with Calls() as calls:
        assert faults(text)
    assert calls.count < 10_000


def test_a_name_with_half_a_character_pair_is_refused_in_a_sentence():
    with pytest.raises(SpecError, match=r"got 'rod\\ud800'"):
        parse_spec('name: "rod\\ud800"\n', "case.yaml", Path())
