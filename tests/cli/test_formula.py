"""`pikan formula` prints what it finds, and its exit code says whether it has found it."""

import pytest
from typer.testing import CliRunner

import pikan
from pikan.cli.main import app

POISSON = "problems/poisson.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("poisson")
    pikan.solve(POISSON).save(place)
    return place


def test_the_solution_of_poisson_is_printed_with_its_errors(folder):
    ended = CliRunner().invoke(app, ["formula", str(folder)])
    assert ended.exit_code == 0, ended.output
    assert ended.output.startswith("u = sin(pi*x)*sin(pi*y)   (relative L2 ")
    assert "from the exact one" in ended.output


@pytest.mark.slow
def test_it_is_a_miss_where_no_formula_comes_so_near(folder):
    ended = CliRunner().invoke(app, ["formula", str(folder), "--tolerance", "1e-300"])
    assert ended.exit_code == 3
    assert ended.output.startswith("u: no short formula comes within 1e-300; the nearest is")


@pytest.mark.parametrize("words", [["nowhere"], [".", "--tolerance", "2"]])
def test_what_is_no_run_is_refused(words):
    assert CliRunner().invoke(app, ["formula", *words]).exit_code == 2
