"""Bases of every kind, on intervals and knots of each node's own."""

import pytest
import torch

from pikan.bases.bspline import BSpline
from pikan.bases.chebyshev import Chebyshev
from pikan.bases.fourier import Fourier
from pikan.bases.hermite import Hermite
from pikan.bases.jacobi import Jacobi
from pikan.bases.knots import adapted_knots, even_knots
from pikan.bases.legendre import Legendre
from pikan.bases.rbf import RBF

INTERVAL = torch.tensor([[-1.0, 1.0], [-2.0, 0.5], [0.0, 30.0]], dtype=torch.float64)


def spline(degree, cells=6):
    generator = torch.Generator().manual_seed(1)
    samples = torch.rand(50, 3, dtype=torch.float64, generator=generator) ** 2
    length = INTERVAL[:, 1] - INTERVAL[:, 0]
    even = even_knots(INTERVAL, cells)
    return BSpline(adapted_knots(INTERVAL[:, 0] + samples * length, even), degree)


POLYNOMIALS = {
    "constant spline": lambda: spline(0),
    "linear spline": lambda: spline(1),
    "cubic spline": lambda: spline(3),
    "spline of degree 8": lambda: spline(8),
    "spline of one cell": lambda: spline(3, cells=1),
    "Chebyshev": lambda: Chebyshev(INTERVAL, 9),
    "Legendre": lambda: Legendre(INTERVAL, 9),
    "linear Chebyshev": lambda: Chebyshev(INTERVAL, 1),
    "Jacobi": lambda: Jacobi(INTERVAL, 9, 0.5, 2.0),
    "Hermite": lambda: Hermite(INTERVAL, 9),
}
KINDS = {
    **POLYNOMIALS,
    "Fourier": lambda: Fourier(INTERVAL, 8),
    "Fourier of odd degree": lambda: Fourier(INTERVAL, 7, 2.0),
    "RBF": lambda: RBF(even_knots(INTERVAL, 6), 3),
    "FastKAN": lambda: RBF(even_knots(INTERVAL, 7), 1),
}


@pytest.fixture(params=KINDS)
def basis(request):
    return KINDS[request.param]()


@pytest.fixture(params=[*POLYNOMIALS, "RBF", "FastKAN"])
def tangent_basis(request):
    """Those that continue as straight lines: all but the periodic ones."""
    return KINDS[request.param]()


@pytest.fixture(
    params=["cubic spline", "Chebyshev", "Legendre", "Jacobi", "Hermite", "Fourier", "RBF"]
)
def smooth_basis(request):
    return KINDS[request.param]()


@pytest.fixture
def x(basis):
    """Points inside the interval of each node."""
    share = torch.rand(
        40, basis.nodes, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    return basis.knots[:, 0] + share * (basis.knots[:, -1] - basis.knots[:, 0])
