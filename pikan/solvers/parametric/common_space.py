"""One basis for the solutions of all members, and their coefficients in it."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.bases.chebyshev import Chebyshev
from pikan.bases.elements import Elements, elements
from pikan.linalg.dense import inverse
from pikan.network.base import Network
from pikan.network.product import FullProduct
from pikan.solvers.interpolation import interpolate

# Members of any kind are interpolated by polynomials of this degree on cells, which are halved at
# most so often.
_DEGREE, _DEPTH = 14, 14
# So many lines along a coordinate, and so many members, tell where cells have to be small.
_LINES, _MEMBERS = 60, 12
_TAIL = 3


def common_space(networks: Sequence[Network], tolerance: float, seed: int) -> list[Basis]:
    """The basis along each coordinate: polynomials where all members are such, else on cells."""
    products = [one for one in networks if isinstance(one, FullProduct)]
    plain = len(products) == len(networks) and all(
        isinstance(basis, Chebyshev) for one in products for basis in one.axes()
    )
    if plain:
        degrees = zip(*([basis.degree for basis in one.axes()] for one in products), strict=True)
        interval = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
        return [Chebyshev(interval, max(along)) for along in degrees]
    return _cells(networks[:_MEMBERS], tolerance, seed)


def coefficients(network: Network, bases: Sequence[Basis]) -> Float[Tensor, "q m"]:
    """A member's coefficients: its own with zeros beside them, or those of its interpolant."""
    sizes = tuple(basis.size for basis in bases)
    if isinstance(network, FullProduct) and all(isinstance(one, Chebyshev) for one in bases):
        own = network.coefficients.detach().unflatten(0, [one.size for one in network.axes()])
        found = own.new_zeros(*sizes, own.shape[-1])
        found[tuple(slice(size) for size in own.shape)] = own
        return found.flatten(0, -2)
    cells = [basis for basis in bases if isinstance(basis, Elements)]
    return interpolate(cells, lambda points: _values(network, points)).flatten(0, -2)


def _cells(networks: Sequence[Network], tolerance: float, seed: int) -> list[Basis]:
    """Cells along each coordinate that resolve all members on lines through the cells of others."""
    dimension = len(networks[0].center)
    edges = [torch.tensor([-1.0, 1.0], dtype=torch.float64) for _ in range(dimension)]
    generator = torch.Generator().manual_seed(seed)
    # Once more, with lines through the cells that the others have by then.
    for axis in [*range(dimension), *range(dimension if dimension > 1 else 0)]:
        lines = list[Tensor]()
        for one in edges:
            # Random places, equally many in all cells.
            cells = torch.randint(len(one) - 1, (_LINES,), generator=generator)
            share = torch.rand(_LINES, generator=generator, dtype=one.dtype)
            lines.append(one[cells] + share * one.diff()[cells])
        edges[axis] = _resolving_edges(networks, axis, torch.stack(lines, dim=1), tolerance)
    return [elements(one, _DEGREE, 1) for one in edges]


def _resolving_edges(
    networks: Sequence[Network], axis: int, lines: Float[Tensor, "l d"], tolerance: float
) -> Float[Tensor, " _"]:
    """Edges of cells on each of which the last coefficients along an axis are negligible."""
    angles = torch.linspace(0.0, torch.pi, _DEGREE + 1, dtype=lines.dtype)
    transform = inverse((angles[:, None] * torch.arange(_DEGREE + 1)).cos())
    sized = [(one, _values(one, lines).abs().amax(dim=0).clamp_min(1e-300)) for one in networks]
    waiting, done = [(-1.0, 1.0, 0)], [1.0]
    while waiting:
        low, high, depth = waiting.pop()
        along = low + (high - low) * (angles.cos() + 1) / 2
        points = lines.repeat_interleave(len(along), dim=0)
        points[:, axis] = along.repeat(len(lines))
        refined = False
        for one, size in sized if depth < _DEPTH else ():
            # The last coefficients along each line, the largest of each unknown.
            sums = transform @ _values(one, points).unflatten(0, (-1, len(transform)))
            tail = sums[:, -_TAIL:].abs().amax(dim=(0, 1)) / size
            refined = refined or bool((tail > tolerance).any())
        if refined:
            middle = (low + high) / 2
            waiting += [(middle, high, depth + 1), (low, middle, depth + 1)]
        else:
            done.append(low)
    return torch.tensor(sorted(done), dtype=lines.dtype)


def _values(network: Network, points: Float[Tensor, "n d"]) -> Float[Tensor, "n m"]:
    """The unknowns at points of the unit box."""
    with torch.no_grad():
        return network(network.center + network.scale * points)
