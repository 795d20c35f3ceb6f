"""A table reads back as it was written, number by number."""

import h5py
import pytest
from hypothesis import HealthCheck, given, settings

from pikan.sweeps.record import RecordError, from_json, to_json
from pikan.sweeps.table import Table, TableError, from_csv, read_table, to_csv, write_table
from tests.sweeps.rows import contents, same, table


@given(contents)
def test_csv_reads_back_as_it_was_written(content):
    assert same(from_csv(to_csv(table(content))), table(content))


@settings(
    max_examples=settings.default.max_examples // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=contents)
def test_hdf5_reads_back_as_it_was_written(tmp_path, content):
    write_table(table(content), tmp_path)
    assert same(read_table(tmp_path / "table.h5"), table(content))


@given(contents)
def test_a_row_reads_back_as_it_was_written(content):
    for row in table(content).rows:
        assert same(from_json(to_json(row)), row)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"run": 1}', "[" * 100_000])
def test_what_is_no_row_is_said_to_be_none(text):
    with pytest.raises(RecordError, match="no row"):
        from_json(text)


@pytest.mark.parametrize("text", ["", "a,b\n", "run,outcome\n1,2\n"])
def test_what_is_no_table_is_said_to_be_none(tmp_path, text):
    with pytest.raises(TableError, match="no table"):
        from_csv(text)
    (tmp_path / "table.h5").write_text(text)
    with pytest.raises(TableError, match="no table"):
        read_table(tmp_path / "table.h5")


def test_to_others_a_table_is_hdf5_without_objects(tmp_path):
    write_table(Table((), ()), tmp_path)
    with h5py.File(tmp_path / "table.h5", "r") as file:
        assert all(item.dtype.kind in "iufb" for item in file.values() if hasattr(item, "dtype"))


def test_a_table_that_has_changed_is_none(tmp_path):
    write_table(Table((), ()), tmp_path)
    with h5py.File(tmp_path / "table.h5", "r+") as file:
        file["run"][...] = 1
    with pytest.raises(TableError, match="no table of a sweep"):
        read_table(tmp_path / "table.h5")
