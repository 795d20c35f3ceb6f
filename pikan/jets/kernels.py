"""Kernels of jet arithmetic on values with the points last, and their transposes.

Jets of functions are [in _ a n] here: of every node its functions, of every function its partial
derivatives.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.jets.autograd import write
from pikan.jets.jet import ChainRule, MultiIndex, below, binomial, minus


def composition(
    derivatives: Float[Tensor, "k in _ n"], polynomials: Sequence[Float[Tensor, " _ in n"]]
) -> Float[Tensor, "in _ a n"]:
    """What `jet.compose` returns, from the polynomials of `jet.bell`; not to be differentiated."""
    if not polynomials:
        return derivatives[0].unsqueeze(2)
    _, nodes, size, points = derivatives.shape
    count = 1 + len(polynomials[0])
    jets = derivatives.new_empty(nodes, size, count, points)
    jets[:, :, 0] = derivatives[0]
    for order, factors in enumerate(polynomials, start=1):
        rows, slopes = jets[:, :, count - len(factors) :], derivatives[order].unsqueeze(2)
        if order == 1:
            write(torch.mul, slopes, _beside(factors), out=rows)
        else:
            rows.addcmul_(slopes, _beside(factors))
    return jets


def toward_derivatives(
    gradient: Float[Tensor, "#in _ a n"], polynomials: Sequence[Float[Tensor, " _ in n"]]
) -> list[Float[Tensor, "#in _ n"]]:
    """The gradients with respect to each of the derivatives of `composition`."""
    terms = (gradient[:, :, -len(factors) :] * _beside(factors) for factors in polynomials)
    return [gradient[:, :, 0], *(term.sum(dim=2) for term in terms)]


def toward_inner(
    gradient: Float[Tensor, "#in _ a n"],
    derivatives: Float[Tensor, "k in _ n"],
    values: Float[Tensor, " a in n"],
    polynomials: Sequence[Float[Tensor, " _ in n"]],
    rule: ChainRule,
) -> Float[Tensor, " a in n"]:
    """The gradient with respect to the inner values of `composition`; needs one derivative more."""
    # Summed over the functions: what is gained where f^(k) stands, in all rows of order k - 1.
    gains = [
        (gradient[:, :, -rows:] * derivatives[order].unsqueeze(2)).sum(dim=1).movedim(1, 0)
        for order, rows in enumerate([len(values), *map(len, polynomials)], start=1)
    ]
    total = gains[0][0]
    for factors, gain in zip(polynomials, gains[1:], strict=True):
        total = total + (factors * gain).sum(dim=0)
    if not polynomials:
        return total.unsqueeze(0)
    toward = [gain[-len(rows) :] for gain, rows in zip(gains, polynomials, strict=False)]
    return torch.cat([total.unsqueeze(0), _toward_rows(toward, values, polynomials, rule)])


def _toward_rows(
    toward: Sequence[Float[Tensor, " _ in n"]],
    values: Float[Tensor, " a in n"],
    polynomials: Sequence[Float[Tensor, " _ in n"]],
    rule: ChainRule,
) -> Float[Tensor, " _ in n"]:
    """From the gradients of all Bell polynomials, added up in place, to that of the first."""
    for order in range(len(polynomials) - 1, 0, -1):
        after, here, before = toward[order], toward[order - 1], polynomials[order - 1]
        start, lower = rule.starts[order + 1], rule.starts[order]
        for row, weight, block, rest in rule.terms:
            if row >= start and rest >= lower:
                toward[0][block - 1].addcmul_(
                    after[row - start], before[rest - lower], value=weight
                )
                here[rest - lower].addcmul_(after[row - start], values[block], value=weight)
    return toward[0]


def _beside(factors: Float[Tensor, " _ in n"]) -> Float[Tensor, "in 1 _ n"]:
    return factors.movedim(0, 1).unsqueeze(1)


def product(
    left: Float[Tensor, "in _ a n"],
    right: Float[Tensor, " a in n"],
    indices: tuple[MultiIndex, ...],
) -> Float[Tensor, "in _ a n"]:
    """The jets of functions times a jet of their node, by the rule of Leibniz."""
    rows: list[Tensor] = []
    for index in indices:
        terms = [
            binomial(index, lower)
            * left[:, :, place]
            * right[indices.index(minus(index, lower))].unsqueeze(1)
            for place, lower in enumerate(indices)
            if below(lower, index)
        ]
        rows.append(sum(terms[1:], start=terms[0]))
    return torch.stack(rows, dim=2)


def transposed_product(
    left: Float[Tensor, "in _ a n"],
    gradient: Float[Tensor, "in _ a n"],
    indices: tuple[MultiIndex, ...],
) -> Float[Tensor, " a in n"]:
    """The gradient with respect to `right` of `product(left, right, indices)`."""
    rows: list[Tensor] = []
    for place, lower in enumerate(indices):
        total = left[:, :, 0] * gradient[:, :, place]
        for above, index in enumerate(indices):
            if index != lower and below(lower, index):
                difference = left[:, :, indices.index(minus(index, lower))]
                term = difference * gradient[:, :, above]
                total.add_(term, alpha=binomial(index, lower))
        rows.append(total.sum(dim=1))
    return torch.stack(rows)
