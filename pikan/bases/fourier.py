"""Sines and cosines on an interval."""

from math import pi
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis, no_less
from pikan.bases.sample_range import sample_range


@final
class Fourier(Basis):
    """The first degree + 1 of 1, cos z, sin z, cos 2z, sin 2z, ..., N harmonics for degree 2 N.

    z runs through one period while x runs through `periods` times its interval: 1 for functions
    that are periodic on it, 2 for those that are not, which no series of period 1 comes near at the
    ends. Beyond the interval the functions go on as they are.

    Source: DLMF 1.8; twice the interval: Huybrechs 2010, SIAM J. Numer. Anal. 47, 4326-4355.

    >>> basis = Fourier(torch.tensor([[-1.0, 1.0]]), degree=2)
    >>> basis.derivatives(torch.tensor([0.0]), order=0)[0].tolist()
    [[1.0, 1.0, 0.0]]
    """

    periodic = True

    def __init__(self, interval: Float[Tensor, "in 2"], degree: int, periods: float = 1.0) -> None:
        # Gauss integrates a wave with a little more than pi points for each of its lengths.
        super().__init__(interval, degree, 2 * degree + 8)
        self.numbers = (periods,)

    def within(
        self, x: Float[Tensor, "in n"], knots: Float[Tensor, "in 2"], order: int, spare: int = 0
    ) -> Float[Tensor, "k in b n"]:
        """Every derivative is a quarter turn and a factor."""
        (periods,) = self.numbers
        harmonics = torch.arange(1, (self.degree + 1) // 2 + 1).to(x)
        rates = harmonics * (2 * pi / periods) / (knots[:, 1:] - knots[:, :1])
        angles = rates.unsqueeze(2) * (x - knots.mean(dim=1, keepdim=True)).unsqueeze(1)
        cosines, sines = angles.cos(), angles.sin()
        values = x.new_zeros(order + 1, x.shape[0], self.degree + 1 + spare, x.shape[1])
        values[0, :, 0] = 1
        even, odd = values[:, :, 1 : self.degree + 1 : 2], values[:, :, 2 : self.degree + 1 : 2]
        for k in range(order + 1):
            even[k] = cosines
            odd[k] = sines[:, : self.degree // 2]
            cosines, sines = -rates.unsqueeze(2) * sines, rates.unsqueeze(2) * cosines
        return values

    def refine(self, *, degree: int | None = None, grid: int | None = None) -> "Fourier":
        """The series with more harmonics."""
        if grid is not None:
            raise ValueError(f"grid: got {grid}, but harmonics have a degree only")
        return Fourier(self.knots, no_less(degree, self.degree, "degree"), *self.numbers)

    def adapt(self, samples: Float[Tensor, "n in"]) -> "Fourier":
        """The series on the interval of the samples."""
        return Fourier(sample_range(samples, self.knots), self.degree, *self.numbers)
