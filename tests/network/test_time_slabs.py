"""Networks side by side in time."""

import torch

from pikan.bases.legendre import Legendre
from pikan.jets.jet import closure, coordinates
from pikan.network.product import FullProduct
from pikan.network.time_slabs import TimeSlabs

EDGES = (0.0, 1.0, 3.0)


def constant(value: float, lower: float, upper: float) -> FullProduct:
    """A network of x and t that is the same everywhere."""
    interval = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    network = FullProduct([Legendre(interval, 2)] * 2, 1, (-1.0, lower), (1.0, upper))
    with torch.no_grad():
        network.coefficients[0] = value
    return network


def steps() -> TimeSlabs:
    return TimeSlabs(EDGES, [constant(1.0, 0.0, 1.0), constant(2.0, 1.0, 3.0)], axis=1)


def at(*times: float) -> torch.Tensor:
    return torch.tensor([[0.3, time] for time in times], dtype=torch.float64)


def test_each_point_is_answered_by_its_window():
    assert steps()(at(2.9, 0.0, 1.5, 0.5)).flatten().tolist() == [2.0, 1.0, 2.0, 1.0]


def test_a_point_on_an_edge_belongs_to_the_earlier_window():
    assert steps()(at(1.0, 1.0 + 1e-15, 3.0)).flatten().tolist() == [1.0, 2.0, 2.0]


def test_beyond_the_ends_the_nearest_window_goes_on():
    assert steps()(at(-1.0, 4.0)).flatten().tolist() == [1.0, 2.0]
    assert steps().outside(at(-1.0, 4.0, 0.5, 2.0)) == 0.5


def test_a_window_without_points_does_no_harm():
    assert steps()(at(0.1, 0.2)).flatten().tolist() == [1.0, 1.0]


def test_one_point_gives_what_many_give(network, points):
    if isinstance(network, TimeSlabs):
        indices = closure([(2, 1)])
        together = network.jet(coordinates(points, indices)).values
        alone = [network.jet(coordinates(point[None], indices)).values for point in points]
        torch.testing.assert_close(torch.cat(alone, dim=1), together, rtol=1e-12, atol=1e-13)
