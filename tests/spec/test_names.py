"""Every file and every name has a folder of its own."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pikan.spec.faults import SpecError
from pikan.spec.names import LONGEST, name_of, usable
from pikan.spec.reader import parse_spec, read_spec
from pikan.spec.writer import dump
from pikan.sweeps import plan

ROD = """\
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_xx = 0]
conditions: [{where: boundary, that: u = x}]
"""
SWEEP = "function: {inputs: {x: [0, 1]}, formula: x}\ncrossed: {seed: [0, 1]}\n"
# What a file may be called where only / and the byte 0 are not allowed.
files = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=300) | st.text(
    "._- %aA~?1", min_size=1, max_size=6
)


@given(st.lists(files, min_size=2, max_size=6, unique=True))
def test_different_files_have_different_names_and_each_can_name_a_folder(stems):
    names = [name_of(Path(f"{stem}.yaml")) for stem in stems]
    assert len(set(names)) == len(names)
    for name in names:
        assert usable(name)
        assert Path("results", name).resolve().parent == Path("results").resolve()
        assert not name.startswith(".")


@given(files)
def test_a_name_is_the_same_once_it_was_written_down(stem):
    spec = parse_spec(ROD, "case.yaml", Path(), {}, name_of(Path(f"{stem}.yaml")))
    assert parse_spec(dump(spec), "case.yaml", Path()).name == spec.name


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("run_0.1.yaml", "run_0.1"),
        ("run_0.2", "run_0.2"),
        ("Übung 1.yaml", "Übung 1"),
        ("熱伝導.yaml", "熱伝導"),
        ("rod.yml", "rod.yml"),
        ("CON.yaml", "%43ON"),
        ("..yaml", "%2E"),
        ("a\\b.yaml", "a%5Cb"),
        ("100 %.yaml", "100 %25"),
        ("tail .yaml", "tail%20"),
    ],
)
def test_a_name_keeps_of_its_file_what_a_folder_may_have(tmp_path, file, name):
    (tmp_path / file).write_text(ROD, encoding="utf-8")
    assert read_spec(tmp_path / file).name == name
    (tmp_path / file).write_text(SWEEP, encoding="utf-8")
    assert plan.read_plan(tmp_path / file).name == name


def test_long_names_differ_where_their_ends_do(tmp_path):
    one, other = (name_of(Path("x" * 240 + end)) for end in ("1.yaml", "2.yaml"))
    assert one != other
    (tmp_path / one).mkdir()
    assert len(one) == LONGEST


@pytest.mark.parametrize("name", ["run_0.1", "Übung 1", "x" * 64, "what%3F", "2 = 1 + 1"])
def test_a_name_in_the_file_is_taken_as_it_is(name):
    assert parse_spec(f"name: '{name}'\n{ROD}", "case.yaml", Path()).name == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../rod", ".hidden", "rod.", " rod", "a/b", "a\\\\b", "a:b", "x" * 201, "nul",
     "NUL.1", "\\u202Erod"],
)  # fmt: skip
def test_a_name_that_cannot_name_a_folder_is_refused_in_one_sentence(name):
    with pytest.raises(SpecError) as caught:
        parse_spec(f'name: "{name}"\n{ROD}', "case.yaml", Path())
    (fault,) = caught.value.faults
    assert "needs text that can name a folder" in str(fault)
