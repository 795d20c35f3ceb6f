import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pikan.geometry.box import Box
from pikan.geometry.face import Face
from pikan.sampling.chebyshev import chebyshev
from pikan.sampling.gauss import gauss
from pikan.sampling.halton import halton
from pikan.sampling.latin_hypercube import latin_hypercube
from pikan.sampling.points import interior, on_face
from pikan.sampling.sobol import sobol
from pikan.sampling.tensor import tensor
from pikan.sampling.uniform import uniform

RANDOM = [uniform, sobol, halton, latin_hypercube]
GRIDS = [tensor, chebyshev, gauss]
DOUBLE = torch.empty(0, dtype=torch.float64)
BOX = Box(("x", "y", "t"), (-1.0, 0.1, 0.0), (2.0, 0.7, 1e-3))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("method", RANDOM + GRIDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_points_lie_strictly_inside(method, dtype):
    points = interior(BOX, method, 1000, seeded(), torch.empty(0, dtype=dtype))
    assert points.dtype == dtype
    assert points.shape == (1000, 3)
    assert bool((points > points.new_tensor(BOX.lower)).all())
    assert bool((points < points.new_tensor(BOX.upper)).all())


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_even_the_rim_of_the_cube_is_moved_inside(lower, length):
    def rim(count, dimension, generator):
        return np.array([[0.0], [1.0]])

    box = Box(("x",), (lower,), (lower + length,))
    points = interior(box, rim, 2, seeded(), DOUBLE)
    assert lower < float(points[0]) < float(points[1]) < lower + length


@pytest.mark.parametrize("method", RANDOM + GRIDS)
def test_one_seed_gives_the_same_points(method):
    first = interior(BOX, method, 64, seeded(5), DOUBLE)
    second = interior(BOX, method, 64, seeded(5), DOUBLE)
    assert torch.equal(first, second)


@pytest.mark.parametrize("method", RANDOM)
def test_points_differ_between_seeds_and_from_draw_to_draw(method):
    generator = seeded(5)
    first = interior(BOX, method, 64, generator, DOUBLE)
    second = interior(BOX, method, 64, generator, DOUBLE)
    other = interior(BOX, method, 64, seeded(6), DOUBLE)
    assert not torch.equal(first, second)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("method", RANDOM + GRIDS)
def test_global_generators_are_left_alone(method):
    # The legacy state is what must not move, so it is the legacy state that is looked at.
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    interior(BOX, method, 64, seeded(), DOUBLE)
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert np.array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002


@pytest.mark.parametrize("method", RANDOM + GRIDS)
def test_a_face_holds_its_coordinate_and_fills_the_others(method):
    face = Face(((1, 0.7),))
    points = on_face(BOX, face, method, 100, seeded(), DOUBLE)
    assert points.shape == (100, 3)
    assert bool((points[:, 1] == 0.7).all())
    for axis in (0, 2):
        assert BOX.lower[axis] < float(points[:, axis].min())
        assert float(points[:, axis].max()) < BOX.upper[axis]
        middle = (BOX.lower[axis] + BOX.upper[axis]) / 2
        # 4 standard deviations of a mean of 100 independent points.
        spread = (BOX.upper[axis] - BOX.lower[axis]) * 0.12
        assert abs(float(points[:, axis].mean()) - middle) < spread


def test_counts_per_coordinate_skip_the_fixed_one():
    points = on_face(BOX, Face(((1, 0.1),)), tensor, [3, 99, 4], seeded(), DOUBLE)
    assert len(points) == 12
    assert len(points[:, 0].unique()) == 3
    assert len(points[:, 2].unique()) == 4


def test_a_corner_is_one_point():
    corner = Face(((0, -1.0), (1, 0.1), (2, 0.0)))
    points = on_face(BOX, corner, sobol, 50, seeded(), DOUBLE)
    assert points.tolist() == [[-1.0, 0.1, 0.0]]
