"""A sweep from Python: one call, an ending that shows itself."""

import subprocess
import sys

import numpy as np
import pytest

from pikan.plots.picture import Picture
from pikan.sweeps.plan import read_plan
from pikan.sweeps.run import run_sweep
from pikan.sweeps.sweep import place, side_by_side
from tests.stated import finish
from tests.sweeps.test_run import backwards


@pytest.fixture
def ending(written, tmp_path):
    return finish(run_sweep(read_plan(written()), tmp_path / "out", backwards))[1]


def test_columns_are_numbers_where_values_are(ending):
    np.testing.assert_array_equal(ending.table.column("network.degree")[::2], [4, 6, 8, 10])
    np.testing.assert_array_equal(ending.table.column("parameters"), np.arange(1.0, 9.0))
    with pytest.raises(KeyError, match=r"'degree'; the table has network.degree, seed, parameters"):
        ending.table.column("degree")


def test_a_notebook_shows_the_table_and_the_laws(ending):
    html = ending._repr_html_()
    assert html.count("<tr>") == 1 + 8
    assert "<th>network.degree</th>" in html
    assert "relative_l2 ~ exp(-p*network.degree) with p = " in html
    assert isinstance(ending.plot(), Picture)
    with pytest.raises(IndexError):
        ending.plot(1)


def test_without_a_number_of_workers_there_is_one_per_core_and_none_idle(written, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    plan = read_plan(written())
    assert [side_by_side(plan, None, threads) for threads in (1, 2, 8)] == [4, 2, 1]
    assert side_by_side(plan, 100, 1) == 8
    assert place(plan, None).as_posix() == "results/rods"


@pytest.mark.slow
def test_a_script_of_one_line_needs_no_guard_against_its_own_workers(written, tmp_path):
    written()
    script = "import pikan\nprint(len(pikan.sweep('rods.yaml', workers=2).table.rows))\n"
    (tmp_path / "script.py").write_text(script)
    command = [sys.executable, "script.py"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("8\n", "")
    assert (tmp_path / "results" / "rods" / "law.json").exists()
