"""Evaluation of terms one by one: their rows and Jacobians, and the factors that balance these."""

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.residuals.terms import Partials, Term


class TermEvaluation(ABC):
    """A term as a function of parameters θ; what depends on its points alone is made once."""

    term: Term

    @abstractmethod
    def fields(self, theta: Float[Tensor, " p"]) -> tuple[Partials, ...]:
        """The unknowns' partial derivatives on each point set of the term."""

    @abstractmethod
    def design(
        self, theta: Float[Tensor, " p"], slopes: Mapping[str, Float[Tensor, " n"]]
    ) -> Float[Tensor, "n _"]:
        """The entries of the Jacobian, from the formula's derivatives by each of its columns."""

    def residual(self, theta: Float[Tensor, " p"]) -> Float[Tensor, " n"]:
        """The rows of the term."""
        return self.term.residual(self.fields(theta))

    def slopes(self, theta: Float[Tensor, " p"]) -> dict[str, Float[Tensor, " n"]]:
        """The derivatives of the formula by each of its columns."""
        return self.term.column_derivatives(self.term.columns(self.fields(theta)))

    def jacobian(self, theta: Float[Tensor, " p"]) -> Float[Tensor, "n _"]:
        """The entries of the rows' derivatives by the parameters."""
        theta = theta.detach()
        return self.design(theta, self.slopes(theta))


def residual(
    evaluations: Sequence[TermEvaluation], factors: Sequence[float], theta: Float[Tensor, " p"]
) -> Float[Tensor, " r"]:
    """The rows of all terms, those of each times its factor."""
    each = zip(factors, evaluations, strict=True)
    return torch.cat([factor * one.residual(theta) for factor, one in each])


def jacobians(
    evaluations: Sequence[TermEvaluation], factors: Sequence[float], theta: Float[Tensor, " p"]
) -> tuple[Float[Tensor, "_ _"], ...]:
    """The Jacobian of each term, times its factor."""
    each = zip(factors, evaluations, strict=True)
    return tuple(factor * one.jacobian(theta) for factor, one in each)


def balanced_factors(
    evaluations: Sequence[TermEvaluation], theta: Float[Tensor, " p"]
) -> list[float]:
    """The factors by which the rows of the Jacobian have a mean square of one, for every statement.

    High derivatives of high degrees are large: without this the equation would drown its
    conditions, one equation another, and a match of third derivatives that of values.
    """
    squares = [float(one.jacobian(theta).square().sum()) for one in evaluations]
    return unit_factors([one.term for one in evaluations], squares)


def unit_factors(terms: Sequence[Term], squares: Sequence[float]) -> list[float]:
    """The factors that make a mean of squares one, from the sums over each term's rows.

    The mean is that of all terms of one statement. A factor is one where the sum is zero; zero or
    not a number where it is not finite.
    """
    counts, sums = Counter[object](), defaultdict[object, float](float)
    for term, square in zip(terms, squares, strict=True):
        counts[term.statement] += len(term.points[0])
        sums[term.statement] += square
    means = (sums[term.statement] / counts[term.statement] for term in terms)
    return [mean**-0.5 if mean != 0.0 else 1.0 for mean in means]
