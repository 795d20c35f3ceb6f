"""Polynomials by a recurrence of three terms, on an interval of each node's own."""

from abc import abstractmethod

from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis, no_less
from pikan.bases.recurrence import three_term_recurrence
from pikan.bases.sample_range import sample_range


class Polynomials(Basis):
    """The polynomials up to a degree; `numbers` tell those of one kind from each other."""

    def __init__(self, interval: Float[Tensor, "in 2"], degree: int, *numbers: float) -> None:
        super().__init__(interval, degree)
        self.numbers = numbers

    @abstractmethod
    def steps(self) -> list[tuple[float, float, float]]:
        """(a, b, c) from polynomials j - 1 and j to the next, p_(j+1) = (a z + b) p_j - c p_(j-1).

        z runs from -1 to 1 over the node's interval.
        """

    def within(
        self, x: Float[Tensor, "in n"], knots: Float[Tensor, "in 2"], order: int, spare: int = 0
    ) -> Float[Tensor, "k in b n"]:
        """The polynomials by recurrence."""
        return three_term_recurrence(x, knots, self.steps(), order, spare)

    def refine(self, *, degree: int | None = None, grid: int | None = None) -> "Polynomials":
        """The polynomials up to a higher degree."""
        if grid is not None:
            raise ValueError(f"grid: got {grid}, but polynomials have a degree only")
        return type(self)(self.knots, no_less(degree, self.degree, "degree"), *self.numbers)

    def adapt(self, samples: Float[Tensor, "n in"]) -> "Polynomials":
        """The polynomials on the interval of the samples."""
        return type(self)(sample_range(samples, self.knots), self.degree, *self.numbers)
