"""What the cost of a layer is measured by, on networks too small to tell anything."""

import json

import pytest
import torch

import layer_cost


@pytest.fixture
def as_before():
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    yield
    torch.set_default_dtype(dtype)
    torch.set_num_threads(threads)


def test_a_table_its_numbers_and_a_figure_are_left(tmp_path, monkeypatch, as_before, capsys):
    small = "--widths 2 3 1 --points 30 --rounds 2 --bases bspline fourier --dtypes float64"
    monkeypatch.setattr("sys.argv", ["", *small.split(), "--into", str(tmp_path / "cost")])
    layer_cost.main()
    rows = json.loads((tmp_path / "cost.json").read_text())
    kinds = {(row["basis"], row["work"]) for row in rows}
    works = (layer_cost.VALUES.name, layer_cost.RESIDUAL.name)
    assert kinds == {(basis, work) for basis in ("bspline", "fourier") for work in works}
    assert all(0 < row["lower"] <= row["multiple"] <= row["upper"] for row in rows)
    assert (tmp_path / "cost.md").read_text() == capsys.readouterr().out
    assert (tmp_path / "cost.png").read_bytes().startswith(b"\x89PNG")


def test_multiples_are_taken_round_by_round():
    row = layer_cost.row("rbf", layer_cost.VALUES, "float32", [2.0, 9.0, 8.0], [1.0, 3.0, 2.0])
    assert (row["lower"], row["multiple"], row["upper"]) == (2.5, 3.0, 3.5)
    assert (row["milliseconds"], row["perceptron"]) == (8000.0, 2000.0)
