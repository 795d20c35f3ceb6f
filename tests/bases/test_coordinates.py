"""Functions of coordinates, against the chain rule for functions of anything."""

import pytest
import torch

from pikan.bases.compose import functions
from pikan.bases.coordinates import functions_of_coordinates
from pikan.jets.jet import Jet, closure, coordinates


@pytest.mark.parametrize("top", [(0, 0, 0), (1, 0, 0), (2, 1, 0), (0, 1, 3)])
def test_functions_of_coordinates_are_functions_of_their_jets(basis, x, top):
    scale = torch.linspace(0.5, 2.0, basis.nodes, dtype=x.dtype)
    jet = coordinates(x, closure([top]))
    scaled = Jet(jet.indices, torch.cat([jet.values[:1], jet.values[1:] / scale]))
    expected = functions(basis, scaled).flatten(-2)
    found = functions_of_coordinates(basis, scaled, scale)
    assert found.indices == jet.indices
    torch.testing.assert_close(found.values, expected, rtol=1e-13, atol=1e-13)
