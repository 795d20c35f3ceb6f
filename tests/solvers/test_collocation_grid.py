"""Tensor points are every combination of their nodes, on faces those of the free axes."""

import math

import numpy as np
import torch

from pikan.geometry.face import Face
from pikan.solvers.collocation_grid import chebyshev_nodes, tensor_points


def test_nodes_are_the_zeros_of_the_chebyshev_polynomial():
    nodes = chebyshev_nodes(1.0, 4.0, 9)
    unit = (nodes - 2.5) / 1.5
    np.testing.assert_allclose(np.cos(9 * np.arccos(unit)), 0.0, atol=1e-13)
    assert len(nodes) == 9


def test_a_grid_holds_every_combination_once():
    axes = chebyshev_nodes(0.0, 1.0, 3), chebyshev_nodes(-1.0, 1.0, 4)
    face, corner = Face(((1, -1.0),)), Face(((0, 0.0), (1, 1.0)))
    found = tensor_points((face, corner), axes, torch.empty(0, dtype=torch.float64))
    assert len(found.interior.unique(dim=0)) == math.prod(map(len, axes)) == len(found.interior)
    np.testing.assert_array_equal(found.interior[:, 0].unique(), np.sort(axes[0]))
    on_face = found.faces[face]
    assert on_face[:, 1].tolist() == [-1.0] * 3
    np.testing.assert_array_equal(on_face[:, 0].sort().values, np.sort(axes[0]))
    assert found.faces[corner].tolist() == [[0.0, 1.0]]
