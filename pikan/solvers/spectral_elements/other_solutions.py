"""Other solutions of a nonlinear problem on cells, by deflation of those that are known."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.solvers.deflation import Apart, deflated_length
from pikan.solvers.spectral.alternatives import SAME
from pikan.solvers.spectral_elements.collocation import Collocation
from pikan.solvers.spectral_elements.newton import add, correction_size
from pikan.solvers.spectral_elements.space import Coefficients, gauss

# Full steps, and the size of one that ends the iteration, in parts of the solution; no more than so
# many solutions are looked for.
_STEPS, _DONE, _MOST = 25, 1e-6, 4


def other_solutions(
    easier: Sequence[Collocation],
    collocation: Collocation,
    start: Coefficients,
    known: Coefficients,
) -> list[Coefficients]:
    """Solutions beside one that is known, by deflated continuation from easier problems.

    At each of these Newton's steps from the start are kept from one solution after the other, and
    what they find is followed to the next, and to the problem itself.

    Source: Farrell, Beentjes and Birkisson 2016, arXiv 1603.00809.
    """
    near: list[Coefficients] = []
    for one in easier:
        near = _branches_of(one, start, near, [])
    return _branches_of(collocation, start, near, [known])[1:]


def _branches_of(
    collocation: Collocation,
    start: Coefficients,
    near: Sequence[Coefficients],
    known: list[Coefficients],
) -> list[Coefficients]:
    """Those that are known, those that lead on from near ones, and others from the start."""
    found = list(known)
    for one in near:
        other = _deflated_newton(collocation, one, ())
        if other is not None and not _is_among(collocation, other, found):
            found.append(other)
    while len(found) < _MOST:
        other = _deflated_newton(collocation, start, found)
        if other is None or _is_among(collocation, other, found):
            break
        found.append(other)
    return found


def _deflated_newton(
    collocation: Collocation, start: Coefficients, known: Sequence[Coefficients]
) -> Coefficients | None:
    """Coefficients at which the steps come to rest; None where they do not, or are not finite."""
    fields = [collocation.values(one) for one in known]
    weights = [_inner_product_weights(collocation, one) for one in fields]
    here = start
    for _ in range(_STEPS):
        step = collocation.correction(here)
        size = correction_size(collocation, here, step)
        if not size < float("inf"):
            return None
        values, moved = collocation.values(here), collocation.values(step)
        apart = [
            Apart(
                float((weight * (values - one).square()).sum()),
                float((weight * (values - one) * moved).sum()),
            )
            for one, weight in zip(fields, weights, strict=True)
        ]
        here = add(here, step, deflated_length(apart))
        if size <= _DONE:
            return here
    return None


def _inner_product_weights(
    collocation: Collocation, field: Float[Tensor, "m s c n"]
) -> Float[Tensor, "m s c n"]:
    """Weights at Gauss points, over the integral of the unknown's square; zero is as the rest."""
    space = collocation.space
    weights = (space.half * gauss(space.points)[1]).expand_as(field)
    squares = (weights * field.square()).sum(dim=(1, 2, 3), keepdim=True)
    largest = float(squares.max()) or 1.0
    return weights / (len(field) * torch.where(squares > 0.0, squares, largest))


def _is_among(collocation: Collocation, one: Coefficients, others: Sequence[Coefficients]) -> bool:
    """Whether some coefficients are a solution that was found before."""
    return any(correction_size(collocation, one, add(other, one, -1.0)) < SAME for other in others)
