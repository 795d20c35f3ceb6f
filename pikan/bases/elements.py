"""Polynomials on unequal cells, joined with their first derivatives: spectral elements."""

from math import comb, factorial
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.polynomial import legendre
from torch import Tensor

from pikan.bases.basis import Basis, no_less, outside
from pikan.bases.knots import adapted_knots
from pikan.bases.recurrence import three_term_recurrence
from pikan.linalg.dense import inverse


class LocalFunctions(NamedTuple):
    """The functions that are not zero around some points: which they are, and their derivatives."""

    columns: Int[Tensor, "n w"]
    values: Float[Tensor, "k w n"]


@final
class Elements(Basis):
    """The polynomials of one degree on every cell, with `joined` continuous derivatives.

    The value counts as the first derivative: 0 leaves jumps at the edges, 1 kinks. They are the
    splines on knots that are repeated degree + 1 - joined times inside, which is how `knots` holds
    the edges of the cells. A cell has `joined` functions for value and derivatives at its left
    edge, those that vanish with these at both edges, and as many as the first at its right edge,
    which are the next cell's too: the columns of cell i begin at i (degree + 1 - joined). Inside,
    function j is the integral of P_j, as often as there are derivatives to join; so values and
    slopes at the edges are coefficients, and stay exact however small a cell is.

    Source: Szabó and Babuška 1991, Finite Element Analysis, section 6.2 (integrated Legendre
    polynomials); Karniadakis and Sherwin 2005, Spectral/hp Element Methods, chapter 2.

    >>> basis = elements(torch.tensor([0.0, 1.0, 4.0]), degree=2, joined=1)
    >>> basis.derivatives(torch.tensor([[0.5]]), order=1)[:, 0, 0].tolist()
    [[0.5, -0.5, 0.5, 0.0, 0.0], [-1.0, 0.0, 1.0, 0.0, 0.0]]
    """

    def __init__(self, knots: Float[Tensor, "in _"], degree: int, joined: float = 1.0) -> None:
        super().__init__(knots, degree)
        self.joined = int(joined)
        self.numbers = (float(self.joined),)
        # As many functions begin with a cell.
        self.own = degree + 1 - self.joined
        if self.joined != joined or not 0 <= self.joined <= self.own:
            raise ValueError(
                f"joined: got {joined:g}, needs a whole number from 0 up to half of degree + 1"
            )

    def edges(self, knots: Float[Tensor, "in _"] | None = None) -> Float[Tensor, "in _"]:
        """The edges of the cells, each once."""
        among = self.knots if knots is None else knots
        return torch.cat([among[:, :1], among[:, 1 : -1 : self.own], among[:, -1:]], dim=1)

    def within(
        self, x: Float[Tensor, "in n"], knots: Float[Tensor, "in _"], order: int, spare: int = 0
    ) -> Float[Tensor, "k in b n"]:
        """Those of each point's cell, among zeros."""
        cell, local = self._local(x, knots, order)
        values = x.new_zeros(order + 1, len(x), knots.shape[1] - 1 + self.degree + spare, len(x.mT))
        steps = torch.arange(self.degree + 1, device=x.device)[:, None]
        places = cell.unsqueeze(1) * self.own + steps
        return values.scatter_(2, places.expand(local.shape), local)

    def around(self, x: Float[Tensor, " n"], order: int) -> LocalFunctions:
        """The functions of the one node around points, and their derivatives 0 to `order`.

        The same as `evaluate` without its zeros, but not differentiable in x.
        """
        lower, upper = self.knots[:, :1], self.knots[:, -1:]
        beyond = outside(x[None], lower, upper)
        nearest = torch.where(beyond, x[None].clamp(lower, upper), x[None])
        cell, local = self._local(nearest, self.knots, max(order, 1))
        local[0] += local[1] * (x[None] - nearest).unsqueeze(1)
        local[2:].masked_fill_(beyond.unsqueeze(1), 0)
        steps = torch.arange(self.degree + 1, device=x.device)
        return LocalFunctions(cell[0, :, None] * self.own + steps, local[: order + 1, 0])

    def _local(
        self, x: Float[Tensor, "in n"], knots: Float[Tensor, "in _"], order: int
    ) -> tuple[Int[Tensor, "in n"], Float[Tensor, "k in w n"]]:
        """The cell of each point, and the derivatives of its functions."""
        edges = self.edges(knots)
        cell = torch.searchsorted(edges[:, 1:-1].contiguous(), x.contiguous(), right=True)
        left, right = edges.gather(1, cell), edges.gather(1, cell + 1)
        half = (right - left) / 2
        z = (x - left) / half - 1
        return cell, local_functions(z, half, self.degree, self.joined, order)

    def refine(self, *, degree: int | None = None, grid: int | None = None) -> "Elements":
        """Polynomials of a higher degree on the same cells."""
        if grid is not None:
            raise ValueError(f"grid: got {grid}, but these cells are chosen one by one")
        higher = no_less(degree, self.degree, "degree")
        return Elements(_repeat(self.edges(), higher + 1 - self.joined), higher, float(self.joined))

    def adapt(self, samples: Float[Tensor, "n in"]) -> "Elements":
        """As many cells, where the samples are."""
        moved = adapted_knots(samples, self.edges())
        return Elements(_repeat(moved, self.own), self.degree, float(self.joined))


def elements(edges: Float[Tensor, " _"], degree: int, joined: int) -> Elements:
    """The basis of one node on cells between edges."""
    return Elements(_repeat(edges[None], degree + 1 - joined), degree, float(joined))


def _repeat(edges: Float[Tensor, "in _"], times: int) -> Float[Tensor, "in _"]:
    inner = edges[:, 1:-1].repeat_interleave(times, dim=1)
    return torch.cat([edges[:, :1], inner, edges[:, -1:]], dim=1)


def local_functions(
    z: Float[Tensor, "*c n"],
    half: Float[Tensor, "*c #n"],
    degree: int,
    joined: int,
    order: int,
) -> Float[Tensor, "k *c w n"]:
    """Derivatives 0 to `order` of a cell's functions at z from -1 to 1, `half` the cell's half.

    A function of a derivative at an edge has that derivative one there: it is half^l times that
    on [-1, 1].
    """
    tables = [torch.from_numpy(table).to(z) for table in legendre_tables(degree, joined, order)]
    steps = [((2 * j + 1) / (j + 1), 0.0, j / (j + 1)) for j in range(degree)]
    flat = z.reshape(1, -1)
    unit = flat.new_tensor([[-1.0, 1.0]])
    polynomials = three_term_recurrence(flat, unit, steps, 0)[0, 0]
    powers = torch.tensor([*range(joined), *[0] * (degree + 1 - 2 * joined), *range(joined)])
    sizes = half.unsqueeze(-2) ** powers.to(z)[:, None]
    found = [
        (table @ polynomials).unflatten(1, z.shape).movedim(0, -2)
        * (sizes / half.unsqueeze(-2) ** k)
        for k, table in enumerate(tables)
    ]
    return torch.stack(found)


def legendre_tables(degree: int, joined: int, order: int) -> tuple[Float[np.ndarray, "w _"], ...]:
    """The derivatives of a cell's functions as sums of Legendre polynomials, functions by rows.

    Those inside are integrated as often as is left, so that no digits go in derivatives.
    """
    count = degree + 1 - joined
    inside = np.eye(degree + 1, count)[:, joined:]
    integrals = [inside]
    for _ in range(joined):
        integrals.append(integrate_legendre(integrals[-1]))
    ends = np.zeros((degree + 1, 2 * joined))
    ends[: 2 * joined] = _hermite(joined)
    made: list[Float[np.ndarray, "w _"]] = []
    for derivative in range(order + 1):
        edge = _differentiate(ends, derivative)
        own = integrals[max(joined - derivative, 0)]
        own = _differentiate(own, max(derivative - joined, 0))
        made.append(np.concatenate([edge[:, :joined], own, edge[:, joined:]], axis=1).T)
    return tuple(made)


def integrate_legendre(series: Float[np.ndarray, "b n"]) -> Float[np.ndarray, "b n"]:
    """Sums of Legendre polynomials, by columns, integrated from -1; the last term is left out.

    Source: DLMF 18.9.7, integrated.
    """
    shares = series / (2 * np.arange(len(series)) + 1)[:, None]
    found = np.zeros_like(series)
    found[0] = series[0]
    found[1:] += shares[:-1]
    found[:-1] -= shares[1:]
    return found


def _differentiate(series: Float[np.ndarray, "b n"], times: int) -> Float[np.ndarray, "b n"]:
    """The same differentiated, with as many terms."""
    found = np.zeros_like(series)
    if times < len(series):
        found[: len(series) - times] = legendre.legder(series, times, axis=0)
    return found


def _hermite(joined: int) -> Float[np.ndarray, "_ _"]:
    """Hermite's polynomials by columns: one derivative at one end is one, all others are zero.

    In Legendre polynomials, whose derivative k at 1 is (n + k)! / (2^k k! (n - k)!).
    """
    at_upper = np.zeros((joined, 2 * joined))
    for k in range(joined):
        factor = factorial(2 * k) / (2**k * factorial(k))
        at_upper[k] = [comb(n + k, 2 * k) * factor for n in range(2 * joined)]
    signs = (-1.0) ** np.add.outer(np.arange(joined), np.arange(2 * joined))
    return inverse(torch.from_numpy(np.concatenate([signs * at_upper, at_upper]))).numpy()
