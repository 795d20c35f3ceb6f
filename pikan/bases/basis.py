"""What every basis offers: functions of one variable with derivatives of any order."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from pikan.jets.autograd import derivatives, is_traced


class Basis(nn.Module, ABC):
    """`size` functions for each of `nodes` inputs, polynomials or others, with nothing to learn.

    `knots` holds for each node the ends of its pieces in order; the first and the last bound the
    interval that the node's functions are meant for. Beyond it each continues as a straight line
    with its slope at the end, so that no layer can grow faster than its inputs: continuous with its
    first derivative, the others zero. Those that are `periodic` go on as they are. There are as
    many functions as pieces, + degree. With `resolution` points on a piece Gauss integrates
    products of two of them; `numbers` are what a kind has beside its degree.
    """

    knots: Float[Tensor, "in _"]
    numbers: tuple[float, ...] = ()
    periodic: bool = False

    def __init__(
        self, knots: Float[Tensor, "in _"], degree: int, resolution: int | None = None
    ) -> None:
        super().__init__()
        self.degree = degree
        self.size = knots.shape[1] - 1 + degree
        # Exact for polynomials.
        self.resolution = degree + 1 if resolution is None else resolution
        self.nodes = knots.shape[0]
        self.register_buffer("knots", knots)

    def derivatives(self, x: Float[Tensor, "*n in"], order: int) -> Float[Tensor, " k *n in b"]:
        """The functions and their derivatives 0 to `order`, in closed form.

        Differentiable in x, in both modes and as often as wanted. In memory the points come last.
        """
        points = x.reshape(-1, self.nodes).mT
        values = derivatives(self.evaluate, points, self.knots, order)
        return values.permute(0, 3, 1, 2).reshape(order + 1, *x.shape, self.size)

    def evaluate(
        self, x: Float[Tensor, "in n"], knots: Float[Tensor, "in _"], order: int, spare: int = 0
    ) -> Float[Tensor, "k in b n"]:
        """The functions on these knots and their derivatives, for x without a gradient.

        After them come places for as many spare functions, for the caller to fill in.
        Nothing but the arguments, `degree` and `numbers` matters, so that knots may be mapped over.
        """
        beyond = outside(x, knots[:, :1], knots[:, -1:])
        # What is traced or compiled holds for all points: there is no asking where these lie.
        if self.periodic or not (is_traced() or bool(beyond.any())):
            return self.within(x, knots, order, spare)
        nearest = torch.where(beyond, x.clamp(knots[:, :1], knots[:, -1:]), x)
        values = self.within(nearest, knots, max(order, 1), spare)
        own = values[:, :, : values.shape[2] - spare]
        own[0].addcmul_(own[1], (x - nearest).unsqueeze(1))
        own[2:].masked_fill_(beyond.unsqueeze(1), 0)
        return values[: order + 1]

    def outside(self, x: Float[Tensor, "*n in"]) -> Bool[Tensor, "*n in"]:
        """Where x is beyond the interval of its node by more than rounding."""
        return outside(x, self.knots[:, 0], self.knots[:, -1])

    @abstractmethod
    def within(
        self, x: Float[Tensor, "in n"], knots: Float[Tensor, "in _"], order: int, spare: int = 0
    ) -> Float[Tensor, "k in b n"]:
        """The same as `evaluate`, by the formula that holds on the interval."""

    @abstractmethod
    def refine(self, *, degree: int | None = None, grid: int | None = None) -> "Basis":
        """A larger basis of the same kind whose functions include those of this one.

        Where a kind cannot do that its class says how near it comes.

        None leaves the degree or the number of cells as it is. ValueError where a number is
        smaller than it was, or the kind has no such thing.
        """

    @abstractmethod
    def adapt(self, samples: Float[Tensor, "n in"]) -> "Basis":
        """A basis of the same size, its knots where the samples are."""


def outside(
    x: Float[Tensor, "*n"], lower: Float[Tensor, "*#n"], upper: Float[Tensor, "*#n"]
) -> Bool[Tensor, "*n"]:
    """Where x is beyond an interval by more than the rounding of its ends."""
    slack = 8 * torch.finfo(x.dtype).eps * torch.maximum(lower.abs(), upper.abs())
    return (x < lower - slack) | (x > upper + slack)


def no_less(wanted: int | None, before: int, what: str) -> int:
    """What is wanted of a refined basis, or what it was where None; ValueError if that is more.

    >>> no_less(None, before=5, what="degree")
    5
    """
    if wanted is None:
        return before
    if wanted < before:
        raise ValueError(f"{what}: got {wanted}, a refined basis needs at least {before} as before")
    return wanted
