"""A network's shape and its state are all of it."""

import json
from copy import deepcopy

import pytest
import torch

from pikan.bases.bspline import BSpline
from pikan.network.activation import silu, tanh
from pikan.network.architecture import ArchitectureError, count
from pikan.network.base import Network
from pikan.network.build import architecture, architecture_text, network_from_text
from pikan.network.kan import KANNetwork
from pikan.network.mlp import MLP
from pikan.network.parameters import parameter_vector, with_parameters
from pikan.network.product import FullProduct, LowRank
from pikan.network.refine import adapt, raise_rank, refine
from pikan.network.time_slabs import TimeSlabs

LOWER, UPPER = (-1.0, 0.25), (2.0, 0.75)


def rebuilt(network: Network) -> Network:
    """The network again, from its shape and from what its state reads as in a file."""
    again = network_from_text(architecture_text(network))
    assert {each.dtype for each in again.parameters()} == {torch.float64}
    again = again.to(network.center.dtype)
    state = network.state_dict()
    again.load_state_dict({k: torch.from_numpy(v.numpy().copy()) for k, v in state.items()})
    return again


def same(network: Network, points: torch.Tensor) -> None:
    """The same kind, state and values, bit by bit, in either precision."""
    for made in (network, deepcopy(network).float()):
        again, where = rebuilt(made), points.to(made.center)
        assert type(again) is type(made)
        assert architecture_text(again) == architecture_text(made)
        assert torch.equal(again(where), made(where))
        assert torch.equal(again.out_of_grid(where), made.out_of_grid(where))


def random(network: Network, generator: torch.Generator) -> Network:
    theta = parameter_vector(network)
    return with_parameters(
        network, torch.randn(theta.shape, generator=generator, dtype=theta.dtype)
    )


def graded(nodes: int, cells: int) -> BSpline:
    """Cubic splines with cells that halve toward the lower end."""
    knots = [-1.0, *(2.0 ** (2 - i) - 1 for i in range(cells, 0, -1))]
    return BSpline(torch.tensor([knots] * nodes, dtype=torch.float64), 3)


def test_every_kind_comes_back(network, points):
    same(network, points)


def test_higher_degrees_come_back(network, points):
    same(refine(network, degree=7), points)


def test_adapted_grids_come_back(network, points):
    same(adapt(network, points), points)


def test_finer_grids_come_back_after_higher_degrees(generator, points):
    began = KANNetwork(
        [2, (1, 2), 2], [graded(2, 3), graded(3, 4)], LOWER, UPPER, base=silu, squash=tanh
    )
    # Raising a degree repeats knots; more cells are split between them.
    grown = refine(refine(random(began, generator), degree=[4, 5]), grid=[9, 12])
    same(grown, points)
    same(adapt(grown, points), points)


def test_ranks_come_back(generator, points):
    began = LowRank([graded(1, 3), graded(1, 5)], 2, 1, LOWER, UPPER)
    same(raise_rank(random(began, generator), 5, generator), points)


def test_windows_of_different_knots_come_back(generator, points):
    parts = [
        FullProduct([graded(1, cells), graded(1, 2 * cells)], 1, (-1.0, low), (2.0, high))
        for cells, low, high in ((2, 0.25, 0.5), (4, 0.5, 0.75))
    ]
    windows = random(TimeSlabs([0.25, 0.5, 0.75], parts, axis=1), generator)
    same(windows, points)
    same(refine(windows, degree=4), points)


def test_a_shape_says_how_many_numbers_there_are(network):
    numbers = sum(tensor.numel() for tensor in network.state_dict().values())
    assert count(architecture(network)) == numbers


def test_a_shape_is_one_short_line(network):
    assert "\n" not in architecture_text(network)
    assert len(architecture_text(network)) < 500


KAN_SHAPE = {
    "kind": "kan",
    "widths": [2, 3, 1],
    "bases": [{"kind": "bspline", "degree": 3, "knots": 5}] * 2,
    "base": "silu",
    "squash": None,
    "coordinates": 2,
    "inputs": [0, 1],
    "formulas": [0, 0],
    "scaled": False,
}
SPLINE = {"kind": "bspline", "degree": 3, "knots": 5}
PRODUCT = {"kind": "full product", "bases": [SPLINE, SPLINE], "unknowns": 1}
MLP_SHAPE = {"kind": "mlp", "widths": [2, 5, 1]}


def without(entry: dict, key: str) -> dict:
    return {name: value for name, value in entry.items() if name != key}


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        [],
        {},
        {"kind": "transformer"},
        {"kind": ["kan"]},
        {**KAN_SHAPE, "more": 1},
        without(KAN_SHAPE, "base"),
        {**KAN_SHAPE, "base": "__import__('os')"},
        {**KAN_SHAPE, "base": ["silu"]},
        {**KAN_SHAPE, "widths": [2, 3]},
        {**KAN_SHAPE, "widths": [2, 3, 1, 1]},
        {**KAN_SHAPE, "widths": [2, -3, 1]},
        {**KAN_SHAPE, "widths": [2, True, 1]},
        {**KAN_SHAPE, "widths": [2, 3.0, 1]},
        {**KAN_SHAPE, "widths": [2, [0, 0], 1]},
        {**KAN_SHAPE, "widths": [2, [1, 1, 1], 1]},
        {**KAN_SHAPE, "widths": [2, 3, [0, 0]]},
        {**KAN_SHAPE, "widths": "231"},
        {**KAN_SHAPE, "inputs": [0, 2]},
        {**KAN_SHAPE, "inputs": [1, 1]},
        {**KAN_SHAPE, "formulas": [7, 0]},
        {**KAN_SHAPE, "formulas": [0]},
        {**KAN_SHAPE, "bases": [SPLINE, {**SPLINE, "kind": "wavelet"}]},
        {**PRODUCT, "bases": []},
        {**PRODUCT, "bases": [SPLINE, 7]},
        {**PRODUCT, "bases": [{**SPLINE, "degree": -1}]},
        {**PRODUCT, "bases": [{**SPLINE, "knots": 1}]},
        {**PRODUCT, "bases": [{**SPLINE, "knots": float("nan")}]},
        {**PRODUCT, "bases": [{"kind": "chebyshev", "degree": 3, "knots": 5}]},
        {**PRODUCT, "unknowns": 0},
        {**PRODUCT, "kind": "low rank"},
        {"kind": "mlp", "widths": [2]},
        {"kind": "windows", "axis": 0, "networks": []},
        {"kind": "windows", "axis": 2, "networks": [PRODUCT]},
        {"kind": "windows", "axis": 0, "networks": [PRODUCT, {**PRODUCT, "unknowns": 2}]},
        {"kind": "windows", "axis": 0, "networks": [PRODUCT, {**MLP_SHAPE, "widths": [3, 1]}]},
        {
            "kind": "windows",
            "axis": 0,
            "networks": [{"kind": "windows", "axis": 0, "networks": [PRODUCT]}],
        },
    ],
)
def test_nonsense_is_refused_in_one_sentence(nonsense):
    with pytest.raises(ArchitectureError, match=r"^[^\n]{1,300}$"):
        network_from_text(json.dumps(nonsense))


@pytest.mark.parametrize("text", ["", "{", "MLP([2, 1])", "[" * 100_000, "9" * 9999, " " * 2**21])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ArchitectureError, match=r"^shape: [^\n]{1,300}$"):
        network_from_text(text)


@pytest.mark.parametrize(
    "huge",
    [
        {**KAN_SHAPE, "widths": [2, 10**7, 1]},
        {**KAN_SHAPE, "widths": [2, 10**99, 1]},
        {**KAN_SHAPE, "widths": [2] + [100] * 20_000, "bases": [SPLINE] * 20_000},
        {**PRODUCT, "bases": [SPLINE] * 12},
        {**PRODUCT, "bases": [{**SPLINE, "degree": 10**8}] * 5000},
        {**PRODUCT, "kind": "low rank", "rank": 10**8},
        {**MLP_SHAPE, "widths": [2, 10**5, 10**5, 1]},
        {"kind": "windows", "axis": 0, "networks": [{**MLP_SHAPE, "widths": [2, 10**6, 1]}] * 99},
    ],
)
def test_more_than_a_machine_can_hold_is_refused_before_it_is_made(huge):
    with pytest.raises(ArchitectureError, match=r"^[^\n]{1,300}$"):
        network_from_text(json.dumps(huge))


def test_a_function_without_a_name_is_refused():
    network = KANNetwork(
        [2, 1, 1], [graded(2, 3), graded(1, 3)], LOWER, UPPER, squash=lambda x, k: x
    )
    with pytest.raises(
        ArchitectureError, match=r"^function: got .*, needs one of identity, silu, tanh$"
    ):
        architecture_text(network)


def test_windows_within_windows_are_refused():
    inner = TimeSlabs([0.25, 0.75], [MLP([2, 3, 1], LOWER, UPPER)], axis=1)
    with pytest.raises(ArchitectureError, match="got 'TimeSlabs'"):
        architecture_text(TimeSlabs([0.25, 0.75], [inner], axis=1))
