"""The laws of a table: by group, with failures counted, in a file and a figure."""

import json

import pytest

from pikan.spec.sweep import FitRequest
from pikan.sweeps.fits import fit_law, sentence, write
from pikan.sweeps.record import Measures, Result, RunRecord
from pikan.sweeps.table import Table

FIT = FitRequest(
    x="network.grid", y="rmse", groups=("network.degree",), theory={"cubic": 4.0, "linear": 2.0}
)


def table():
    """Splines of two degrees without noise; one run has died, one has no error at all."""
    rows = []
    for degree in (3, 1):
        for grid in (8, 16, 32, 64):
            measures = Measures(rmse=float(grid) ** -(degree + 1))
            rows.append(
                RunRecord(len(rows), (str(degree), str(grid)), 1, Result("converged", "", measures))
            )
    rows.append(RunRecord(len(rows), ("1", "128"), 2, Result("killed", "by SIGKILL")))
    return Table(("network.degree", "network.grid"), tuple(rows))


def test_every_group_has_its_own_exponent():
    cubic, linear = fit_law(FIT, table()).groups
    assert cubic.values == {"network.degree": "3"}
    assert cubic.law.exponent == pytest.approx(4.0)
    assert linear.law.exponent == pytest.approx(2.0)
    assert linear.failed == (128.0,)
    assert sentence(FIT, linear) == "degree 1: rmse ~ network.grid^-p with p = 2 [2, 2]; 1 failed"


def test_the_file_holds_every_group_and_what_theory_says(tmp_path):
    files = write([fit_law(FIT, table())], "Splines", tmp_path)
    assert [file.name for file in files] == ["law.json", "rmse_over_network_grid.png"]
    (law,) = json.loads(files[0].read_text())["laws"]
    assert [group["failed"] for group in law["groups"]] == [0, 1]
    assert [group["runs"] for group in law["groups"]] == [4, 4]
    assert law["groups"][0]["theory"]["linear"]["in_interval"] is False
    assert files[1].read_bytes().startswith(b"\x89PNG")


def test_a_group_of_failures_has_no_law_but_a_place_in_the_file(tmp_path):
    rows = table().rows[-1:]
    (file, _) = write([fit_law(FIT, Table(table().keys, rows))], "Splines", tmp_path)
    (group,) = json.loads(file.read_text())["laws"][0]["groups"]
    assert (group["exponent"], group["failed"]) == (None, 1)
    assert group["message"].startswith("no law: needs 3 runs")


def test_where_runs_scatter_too_much_or_do_not_fall_the_sentence_says_so():
    def said(errors):
        rows = [
            RunRecord(run, ("3", str(grid)), 1, Result("converged", "", Measures(rmse=error)))
            for run, (grid, error) in enumerate(zip((8, 16, 32), errors, strict=True))
        ]
        (group,) = fit_law(FIT, Table(table().keys, tuple(rows))).groups
        assert group.law is None
        return sentence(FIT, group)

    assert said((1e-15, 1e-12, 1e-14)).startswith("degree 3: no law: the runs scatter too much")
    assert said((1e-15, 1e-14, 1e-13)) == (
        "degree 3: no law: rmse does not fall, so that something else than network.grid sets it"
    )


def test_where_no_law_is_asked_for_none_is_written(tmp_path):
    assert write([], "Splines", tmp_path) == ()
    assert not list(tmp_path.iterdir())
