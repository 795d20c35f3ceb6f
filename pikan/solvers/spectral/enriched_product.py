"""Polynomials of a region with what solutions have beside corners and about holes."""

from collections.abc import Sequence
from math import ceil, log

import torch

from pikan.geometry.holes import Hole
from pikan.network.laurent import LaurentDegrees, LaurentFunctions
from pikan.network.product import FullProduct
from pikan.network.singular import SingularFunctions
from pikan.problem.corner_singularities import SingularPoint

# The degree of the polynomials beside singular functions, in parts of that of the others, and as
# many of these functions as so many times the polynomials, at most.
_BESIDE, _MOST = 0.7, 2
# Poles, powers of conj(z), and Faber polynomials where these are harmonic and where they are not,
# for each degree: so many make the errors of all kinds about equal about holes of discs in a box.
_POLES, _CONJUGATES, _HARMONIC, _OTHER = 0.8, 0.25, 4, 3
# Poles of small holes have coefficients that fall by the clearance: fewer do, but not fewer than
# so many for each degree.
_RATE, _FEWEST, _SMALL = 0.55, 0.2, 1e-6


def enriched_product(
    plain: FullProduct,
    corners: Sequence[SingularPoint],
    holes: Sequence[Hole],
    *,
    harmonic: bool,
) -> FullProduct:
    """A product of total degree with singular functions and Laurent series, its coefficients zero.

    `harmonic` says that all but a polynomial of the solution is harmonic.
    """
    lower, upper = plain.center - plain.scale, plain.center + plain.scale
    made = FullProduct(
        list(plain.axes()),
        plain.coefficients.shape[1],
        lower.tolist(),
        upper.tolist(),
        total=True,
        singular=_singular_functions(plain, corners) if corners else None,
        laurent=_laurent_functions(plain, holes, harmonic=harmonic) if holes else None,
    )
    return made.to(plain.coefficients)


def _singular_functions(plain: FullProduct, corners: Sequence[SingularPoint]) -> SingularFunctions:
    every = [(one, exponent) for one in corners for exponent in one.exponents]
    like = plain.center
    points = like.new_tensor([one.point for one, _ in every])
    directions = like.new_tensor([one.direction for one, _ in every])
    exponents = like.new_tensor([exponent for _, exponent in every])
    ends = torch.stack([plain.center - plain.scale, plain.center + plain.scale])
    scales = (points[:, None] - ends[None]).abs().amax(dim=(1, 2))
    cuts = like.new_tensor([one.cut for one, _ in every]) / scales
    most, largest = _MOST * len(plain.chosen), _BESIDE * max(_degrees(plain))
    degree = 1
    while len(every) * (degree + 2) * (degree + 3) <= most and degree < largest:
        degree += 1
    return SingularFunctions(points, directions, exponents, scales, cuts, degree)


def _laurent_functions(
    plain: FullProduct, holes: Sequence[Hole], *, harmonic: bool
) -> LaurentFunctions:
    """Those of the holes and of the box around, for polynomials of a degree.

    Where all but a polynomial is harmonic no powers of conj(z) are needed, and higher degrees cost
    little.
    """
    like, degrees = plain.center, _degrees(plain)
    n = max(degrees)
    conjugates, highest = (0, _HARMONIC * n) if harmonic else (ceil(_CONJUGATES * n), _OTHER * n)
    clearance = max(min(one.clearance for one in holes), 1.0 + _SMALL)
    poles = max(_FEWEST, min(_POLES, _RATE / log(clearance)))
    own = LaurentDegrees(ceil(poles * n), conjugates, min(degrees) + 1, highest)
    return LaurentFunctions(
        like.new_tensor([one.center for one in holes]),
        like.new_tensor([one.axes for one in holes]),
        like.new_tensor([one.angle for one in holes]),
        plain.center.clone(),
        plain.scale.clone(),
        own,
    )


def _degrees(plain: FullProduct) -> list[int]:
    return [basis.size - 1 for basis in plain.axes()]
