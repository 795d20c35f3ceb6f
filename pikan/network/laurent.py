"""Functions about the holes of a plane region: Laurent series of ellipses and their logarithms."""

from collections.abc import Iterator, Sequence
from itertools import product
from math import comb, factorial
from typing import NamedTuple, final

import torch
from jaxtyping import Complex, Float
from torch import Tensor, nn

from pikan.jets.jet import MultiIndex

# On the segment between the foci of a hole functions have the values that they have this near.
_BESIDE = 1e-15


class LaurentDegrees(NamedTuple):
    """How many functions: poles of each hole, powers of conj(z) beside all, Faber polynomials.

    The polynomials have total degrees from `lowest` on, those that are harmonic up to `highest`.
    """

    poles: int
    conjugates: int
    lowest: int = 1
    highest: int = 0

    def pairs(self, largest: int, lowest: int = 0) -> list[tuple[int, int]]:
        """(k, j) with 1 <= k, lowest <= k + j and k / largest + j / (conjugates + 1) <= 1."""
        every = product(range(1, largest + 1), range(self.conjugates + 1))
        return [p for p in every if sum(p) >= lowest and self.share(*p, largest) <= 1.0]

    def share(self, k: int, j: int, largest: int) -> float:
        """The degree of a pair in parts of the largest."""
        return round(k / largest + j / (self.conjugates + 1), 9)

    def powers(self) -> list[tuple[int, int]]:
        """(p, q) of log|w| Re, Im z^p conj(z)^q, with p + q <= conjugates and p >= q."""
        every = product(range(self.conjugates + 1), repeat=2)
        return [(p, q) for p, q in every if q <= p <= self.conjugates - q]

    def size(self, holes: int) -> int:
        """The number of functions."""
        logarithms = sum(1 if p == q else 2 for p, q in self.powers())
        polynomials = len(self.pairs(self.highest, self.lowest))
        return holes * (2 * len(self.pairs(self.poles)) + logarithms) + 2 * polynomials


@final
class LaurentFunctions(nn.Module):
    """Re, Im of w^-k conj(z)^j and log|w| z^p conj(z)^q of each hole, and of F_k(z) conj(z)^j.

    A hole is an ellipse of semi-axes a, b about a point, z the distance to that in parts of the
    scale, and w = (ζ + sqrt(ζ² - a² + b²)) / (a + b) maps the outside of the ellipse, along whose
    axes ζ is, to that of the unit circle. Harmonic functions beside the hole are sums of those
    with j = p = q = 0; those of equations with lower terms have powers of conj(z) beside them, as
    K_0(r) = -log(r/2) I_0(r) + .... F_k are multiples of the Faber polynomials of the ellipse that
    touches the box, w^k + ((a - b) / (a + b))^k w^-k.

    Source: Axler 1986, Harmonic functions from a complex analysis viewpoint, American Mathematical
    Monthly 93, 246 (logarithmic conjugation); Vekua 1967, New Methods for Solving Elliptic
    Equations, section 1; Suetin 1998, Series of Faber Polynomials.
    """

    centers: Tensor
    axes: Tensor
    angles: Tensor
    middle: Tensor
    halves: Tensor

    def __init__(
        self,
        centers: Float[Tensor, "k 2"],
        axes: Float[Tensor, "k 2"],
        angles: Float[Tensor, " k"],
        middle: Float[Tensor, " 2"],
        halves: Float[Tensor, " 2"],
        degrees: LaurentDegrees,
    ) -> None:
        super().__init__()
        self.degrees = degrees
        self.register_buffer("centers", centers)
        self.register_buffer("axes", axes)
        self.register_buffer("angles", angles)
        self.register_buffer("middle", middle)
        self.register_buffer("halves", halves)

    @property
    def size(self) -> int:
        """The number of functions."""
        return self.degrees.size(len(self.centers))

    @property
    def degree(self) -> int:
        """The degree of the last functions."""
        return max(self.degrees.poles, self.degrees.highest)

    def whole(self) -> "LaurentFunctions":
        """The same with polynomials from the first degree on."""
        degrees = self.degrees._replace(lowest=0)
        return LaurentFunctions(
            self.centers, self.axes, self.angles, self.middle, self.halves, degrees
        )

    def shares(self) -> Float[Tensor, " _"]:
        """The degree of every function, in parts of the largest of its kind."""
        own, last = self.degrees, self.degrees.conjugates + 1
        poles, around = own.pairs(own.poles), own.pairs(own.highest, own.lowest)
        hole = [own.share(k, j, own.poles) for k, j in poles for _ in range(2)]
        hole += [(p + q) / last for p, q in own.powers() for _ in range(1 + (p != q))]
        beside = [own.share(k, j, own.highest) for k, j in around for _ in range(2)]
        return torch.tensor([*hole * len(self.centers), *beside]).double()

    def derivatives(
        self, points: Float[Tensor, "n 2"], indices: Sequence[MultiIndex]
    ) -> list[Float[Tensor, "q n"]]:
        """Each partial derivative of all functions, from those by z and conj(z)."""
        highest = max(sum(index) for index in indices)
        rows: list[list[Tensor]] = [[] for _ in indices]
        for functions, kept in self._families(points, highest):
            for row, (i, j) in zip(rows, indices, strict=True):
                row.append(_parts(_partial(functions, i, j), kept))
        return [torch.cat(row) for row in rows]

    def _families(self, points: Float[Tensor, "n 2"], highest: int) -> "Iterator[_Family]":
        """Families of complex functions, and which of their real and imaginary parts are taken."""
        scale = self.halves.max()
        z = torch.complex(points[:, 0], points[:, 1])
        for center, axes, angle in zip(self.centers, self.axes, self.angles, strict=True):
            away = z - torch.complex(center[0], center[1])
            yield from self._about_hole(away, axes, angle, scale, highest)
        own = self.degrees
        if pairs := own.pairs(own.highest, own.lowest):
            away = z - torch.complex(self.middle[0], self.middle[1])
            tables = _faber(away, self.halves, own.highest, highest)
            conjugate = _monomials(away.conj(), scale, own.conjugates, highest)
            yield _products([table[1:] for table in tables], conjugate, pairs)

    def _about_hole(
        self,
        away: Complex[Tensor, " n"],
        axes: Float[Tensor, " 2"],
        angle: Float[Tensor, ""],
        scale: Float[Tensor, ""],
        highest: int,
    ) -> "Iterator[_Family]":
        own, orders = self.degrees, range(highest + 1)
        logarithm, poles = _exterior_map(away, axes, angle, own.poles, highest)
        conjugate = _monomials(away.conj(), scale, own.conjugates, highest)
        plain = _monomials(away, scale, own.conjugates, highest)
        yield _products(poles, conjugate, own.pairs(own.poles))
        powers = own.powers()
        ps, qs = (list(one) for one in zip(*powers, strict=True))
        nothing = torch.zeros_like(plain[0][ps])
        functions: list[Table] = []
        for a in orders:
            functions.append([nothing] * (highest + 1 - a))
            for b in range(highest + 1 - a):
                # The logarithm of the modulus is harmonic: no derivative by both is left.
                each = [(m, 0) for m in range(a + 1)] + [(0, k) for k in range(1, b + 1)]
                for m, k in each:
                    factor = comb(a, m) * comb(b, k) * _both(logarithm, m, k)
                    functions[a][b] = (
                        functions[a][b] + factor * plain[a - m][ps] * conjugate[b - k][qs]
                    )
        yield functions, [(True, p != q) for p, q in powers]


Table = list[Complex[Tensor, "_ n"]]
_Family = tuple[list[Table], list[tuple[bool, bool]]]


def _products(
    analytic: Sequence[Complex[Tensor, "_ n"]],
    conjugate: Sequence[Complex[Tensor, "_ n"]],
    pairs: Sequence[tuple[int, int]],
) -> "_Family":
    """Analytic functions, from the first, times powers of conj(z), each with its derivatives."""
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    each = [one[[k - 1 for k in first]] for one in analytic]
    beside = [one[second] for one in conjugate]
    functions = [[each[a] * beside[b] for b in range(len(each) - a)] for a in range(len(each))]
    return functions, [(True, True)] * len(pairs)


def _both(logarithm: Sequence[Tensor], m: int, k: int) -> Tensor:
    """log|w|, m times differentiated by z and k times by conj(z), of which one is none."""
    if m == k == 0:
        return logarithm[0].real + 0j
    return 0.5 * (logarithm[m] if k == 0 else logarithm[k].conj())


def _exterior_map(
    away: Complex[Tensor, " n"],
    axes: Float[Tensor, " 2"],
    angle: Float[Tensor, ""],
    poles: int,
    highest: int,
) -> tuple[list[Complex[Tensor, " n"]], Table]:
    """The derivatives by z of log w, and of w^-k for all k from one on.

    f = w^-k has (ζ² - c²) f'' + ζ f' - k² f = 0, the equation of Chebyshev's polynomials, and so
    have its derivatives with other factors; log w has it with k = 0.
    """
    turn = torch.polar(torch.ones_like(angle), -angle)
    zeta, focus = away * turn, (axes[0] ** 2 - axes[1] ** 2).clamp(min=0.0).sqrt()
    zeta = torch.where(zeta.abs() < _BESIDE, zeta + _BESIDE, zeta)
    square = (zeta - focus) * (zeta + focus)
    root = (zeta - focus).sqrt() * (zeta + focus).sqrt()
    w = (zeta + root) / axes.sum()
    k = torch.arange(1, poles + 1, device=away.device, dtype=axes.dtype)[:, None]
    logarithms, powers = [w.log(), 1.0 / root], [w**-k, -k * w**-k / root]
    for m in range(max(highest - 1, 0)):
        factor = (2 * m + 1) * zeta
        logarithms.append((-(m**2) * logarithms[m] - factor * logarithms[m + 1]) / square)
        powers.append(((k**2 - m**2) * powers[m] - factor * powers[m + 1]) / square)
    turns = [turn**m for m in range(highest + 1)]
    return (
        [one * factor for one, factor in zip(logarithms, turns, strict=False)],
        [one * factor for one, factor in zip(powers, turns, strict=False)],
    )


def _monomials(
    z: Complex[Tensor, " n"], scale: Float[Tensor, ""], degree: int, highest: int
) -> Table:
    """The derivatives of (z / scale)^j for all j up to a degree."""
    rows: Table = []
    for m in range(highest + 1):
        factors = [factorial(j) // factorial(j - m) if j >= m else 0 for j in range(degree + 1)]
        one = [f * (z / scale) ** max(j - m, 0) / scale**m for j, f in enumerate(factors)]
        rows.append(torch.stack(one))
    return rows


def _faber(
    z: Complex[Tensor, " n"], halves: Float[Tensor, " 2"], degree: int, highest: int
) -> Table:
    """The derivatives of the Faber polynomials of an ellipse, by their recurrence.

    Each is divided by about its size at the corners of the box that the ellipse touches.
    """
    square, corner = halves[0] ** 2 - halves[1] ** 2, torch.complex(halves[0], halves[1])
    whole = (corner + (corner**2 - square).sqrt()).abs()
    ratio = square / whole**2
    one, zero = torch.ones_like(z), torch.zeros_like(z)
    rows = [[2 * one if m == 0 else zero] for m in range(highest + 1)]
    for m in range(min(highest, 1) + 1):
        rows[m].append(2 * z / whole if m == 0 else 2 * one / whole)
    for m in range(2, highest + 1):
        rows[m].append(zero)
    for k in range(2, degree + 1):
        for m in range(highest + 1):
            lower = m * rows[m - 1][k - 1] if m else zero
            rows[m].append(2 * (z * rows[m][k - 1] + lower) / whole - ratio * rows[m][k - 2])
    return [torch.stack(row) for row in rows]


def _partial(functions: Sequence[Table], i: int, j: int) -> Complex[Tensor, "_ n"]:
    """The partial derivative of orders i, j in x, y, from those by z and conj(z).

    d/dx is the sum of these two, d/dy their difference times the imaginary unit.
    """
    total = torch.zeros_like(functions[0][0])
    for a, b in product(range(i + 1), range(j + 1)):
        factor = comb(i, a) * comb(j, b) * 1j**b * (-1j) ** (j - b)
        total = total + factor * functions[a + b][i + j - a - b]
    return total


def _parts(
    values: Complex[Tensor, "_ n"], kept: Sequence[tuple[bool, bool]]
) -> Float[Tensor, "q n"]:
    """The real and imaginary parts that are taken of each function."""
    both = torch.stack([values.real, values.imag], dim=1).flatten(0, 1)
    return both[[k for k, taken in enumerate(one for pair in kept for one in pair) if taken]]
