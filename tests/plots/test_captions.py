"""Figures and tables write the labels and units that the file gives."""

import pytest

import pikan
from pikan.plots.labels import labels_of
from pikan.plots.style import place_text
from pikan.report.table import show
from pikan.spec.faults import SpecError
from tests.stated import spec, stated

WALL = """
domain: {x: [0, 2]}
unknowns: [theta]
equations: [theta_xx = 0]
conditions: [{where: x = 0, that: theta = 300}, {where: x = 2, that: theta = 320}]
exact: {theta: 300 + 10*x}
label: {theta: "$\\\\vartheta$, cost in $"}
unit: {x: m, theta: K}
"""


def test_a_label_stands_with_its_unit_and_a_derivative_with_its_own_name():
    label = labels_of(stated(WALL))
    assert label("theta") == r"$\vartheta$, cost in \$ [K]"
    assert (label("x"), label("theta_x")) == ("$x$ [m]", r"$\theta_{x}$")


def test_axes_and_table_have_them(capsys):
    solution = pikan.solve(spec(WALL))
    figure = solution.plot()
    texts = {axes.get_xlabel() for axes in figure.axes} | {
        axes.get_ylabel() for axes in figure.axes
    }
    assert {"$x$ [m]", r"$\vartheta$, cost in \$ [K]"} <= texts
    from rich.console import Console

    show(Console(width=100), solution.report, "wall")
    assert "theta [K]" in capsys.readouterr().out


def test_values_and_files_have_units_behind_them(tmp_path):
    import xarray

    assert place_text([("x", 0.5)], labels_of(stated(WALL))) == "$x$ = 0.5 m"
    pikan.solve(spec(WALL)).to_xarray(5).to_netcdf(tmp_path / "wall.nc")
    with xarray.open_dataset(tmp_path / "wall.nc") as found:
        assert (found.x.attrs["units"], found.theta.attrs["units"]) == ("m", "K")


def test_only_coordinates_and_unknowns_have_them():
    with pytest.raises(
        SpecError, match="'y' is no coordinate and no unknown; there are x and theta"
    ):
        stated(WALL.replace("{x: m", "{y: m"))
