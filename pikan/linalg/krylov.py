"""Krylov subspace methods for systems of which the product with a vector is known alone."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import least_squares

Operator = Callable[[Float[Tensor, " p"]], Float[Tensor, " p"]]


def gmres(
    operator: Operator, right: Float[Tensor, " p"], tolerance: float, most: int
) -> Float[Tensor, " p"]:
    """The x of least |operator x - right| in the span of `right` and its images, from zero.

    It ends where that is below `tolerance` times |right|, or after `most` products. Each new vector
    is orthogonalized twice.

    Source: Saad and Schultz 1986, doi 10.1137/0907058.

    >>> gmres(lambda x: 2.0 * x, torch.tensor([2.0, 4.0]), 1e-6, 5)
    tensor([1., 2.])
    """
    size = float(right.norm())
    if not 0.0 < size < float("inf"):
        return right.clone()
    vectors = (right / size)[None]
    projected = right.new_zeros(most + 1, most)
    weights = right.new_zeros(0)
    for k in range(most):
        image = operator(vectors[k])
        for _ in range(2):
            along = vectors @ image
            image = image - along @ vectors
            projected[: k + 1, k] += along
        length = image.norm()
        projected[k + 1, k] = length
        whole = projected[: k + 2, : k + 1]
        first = torch.zeros_like(whole[:, :1])
        first[0] = size
        weights = least_squares(whole, first, torch.finfo(right.dtype).eps)[:, 0]
        left = float((whole @ weights - first[:, 0]).norm())
        if not tolerance * size < left < float("inf") or float(length) == 0.0:
            break
        vectors = torch.cat([vectors, (image / length)[None]])
    return weights @ vectors[: len(weights)]
