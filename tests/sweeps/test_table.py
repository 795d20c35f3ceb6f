"""A table keeps every number in full, in a form that other programs read."""

import csv
import json
import math
from io import StringIO

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from pikan.files.json_text import JSONError, from_json, to_json
from pikan.sweeps.record import MEASURES, RunRecord
from pikan.sweeps.table import Table, to_csv, write_table
from tests.sweeps.rows import KEYS, contents, same, table


@given(contents)
def test_csv_has_every_value_and_every_number_in_full(content):
    heading, *lines = csv.reader(StringIO(to_csv(table(content))))
    assert heading == ["run", *KEYS, "outcome", "attempts", *MEASURES, "message"]
    for number, (line, row) in enumerate(zip(lines, content, strict=True)):
        values, attempts, outcome, message, measures = row
        before, after = line[: 3 + len(KEYS)], line[3 + len(KEYS) :]
        assert before == [str(number), *values, outcome, str(attempts)]
        assert after[-1] == message
        assert same([float(text or "nan") for text in after[:-1]], list(measures))


@settings(
    max_examples=settings.default.max_examples // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=contents)
def test_hdf5_has_the_same_columns(tmp_path, content):
    write_table(table(content), tmp_path)
    with h5py.File(tmp_path / "table.h5", "r") as file:
        for index in range(len(KEYS)):
            column = json.loads(file[f"values/{index}"][()].tobytes())
            assert column == [values[index] for values, *_ in content]
        for place, name in enumerate(MEASURES):
            numbers = [measures[place] for *_, measures in content]
            np.testing.assert_array_equal(file[f"measures/{name}"][()], numbers)


@given(contents)
def test_a_row_reads_back_as_it_was_written(content):
    for row in table(content).rows:
        assert same(from_json(to_json(row), RunRecord), row)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"run": 1}', "[" * 100_000])
def test_what_is_no_row_is_said_to_be_none(text):
    with pytest.raises(JSONError):
        from_json(text, RunRecord)


def test_a_number_that_is_not_finite_is_null_in_a_row_and_empty_in_csv():
    made = table([(("", "", ""), 1, "", "", (math.nan,) * len(MEASURES))])
    assert json.loads(to_json(made.rows[0]))["result"]["measures"] == dict.fromkeys(MEASURES)
    assert "nan" not in to_csv(made)


def test_to_others_a_table_is_hdf5_without_objects(tmp_path):
    write_table(Table((), ()), tmp_path)
    with h5py.File(tmp_path / "table.h5", "r") as file:
        assert all(item.dtype.kind in "iufb" for item in file.values() if hasattr(item, "dtype"))
