"""The JSON Schema that editors get describes the whole file."""

from pathlib import Path

import pytest
import yaml

from pikan.expression.check import collect_faults
from pikan.spec.faults import Place, SpecError
from pikan.spec.reader import parse_spec
from pikan.spec.schema import Spec
from pikan.spec.stages.registry import STAGES
from pikan.spec.tree import compose, plain

SCHEMA = Spec.model_json_schema()
ROD = """
domain: {x: [0, 1], t: [0, 1]}
unknowns: [u]
equations: [u_t = u_xx]
conditions:
  - {where: boundary, that: u = 0}
"""


def test_every_key_of_the_file_is_described():
    assert all(field.get("description") for field in SCHEMA["properties"].values())


def test_every_key_of_every_part_is_described():
    for part in SCHEMA["$defs"].values():
        for key, field in part.get("properties", {}).items():
            assert field.get("description"), (part["title"], key)


def test_only_the_equation_itself_is_required():
    # An energy may stand in the place of equations.
    assert set(SCHEMA["required"]) == {"unknowns"}
    assert SCHEMA["anyOf"] == [{"required": ["domain"]}, {"required": ["region"]}]


def test_unknown_keys_are_refused_by_the_schema_too():
    assert SCHEMA["additionalProperties"] is False


@pytest.mark.parametrize("stage", STAGES)
def test_an_unknown_setting_of_a_stage_is_told_the_known_ones(stage):
    with pytest.raises(SpecError) as caught:
        parse_spec(f"{ROD}training: [{stage}: {{zzzz: 1}}]", "rod.yaml", Path())
    known = SCHEMA["$defs"][SCHEMA_NAMES[stage]]["properties"]
    told = [str(fault) for fault in caught.value.faults]
    assert any(all(key in one for key in known) for one in told)


SCHEMA_NAMES = {
    next(iter(part["properties"])): part["properties"][next(iter(part["properties"]))][
        "$ref"
    ].rpartition("/")[2]
    for name, part in SCHEMA["$defs"].items()
    if name.endswith("Stage")
}


def test_a_spec_cannot_be_changed():
    spec = parse_spec(ROD, "rod.yaml", Path())
    with pytest.raises(ValueError, match="frozen"):
        spec.seed = 3


def test_where_a_spec_was_written_is_no_part_of_what_it_says():
    assert parse_spec(ROD, "rod.yaml", Path()) == parse_spec("\n\n" + ROD, "other.yaml", Path("/"))


def test_numbers_are_read_as_yaml_reads_them_where_the_versions_agree():
    for text in ("1", "-2.5", "1.5e+3", "0x1F", "true", "word", "'1'"):
        faults, node = collect_faults(compose(f"a: {text}", Place("a.yaml", 1, "")))
        assert not faults
        assert plain(node) == yaml.safe_load(f"a: {text}")
