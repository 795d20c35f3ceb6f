"""A step length along a descent direction that meets the strong Wolfe conditions."""

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from jaxtyping import Float
from torch import Tensor

from pikan.optimize.objective import Evaluation

# The usual constants of quasi-Newton methods: Nocedal and Wright 2006, section 3.1.
DECREASE = 1e-4
CURVATURE = 0.9

# Evaluations that one search may take, as in torch.
EVALUATIONS = 25

# How far one expansion may go beyond the farthest point, in its lengths.
LEAST, MOST = 1.1, 10.0

# A step inside a bracket keeps this part of it away from both ends, so that the bracket shrinks.
MARGIN = 0.1


Evaluate: TypeAlias = Callable[[Float[Tensor, " p"]], Evaluation]
"""An objective as a function of the variables of a search."""


class Trial(NamedTuple):
    """A point of the line: how far along it is, the loss and its slope along the line."""

    length: float
    loss: float
    slope: float
    there: Evaluation


def line_search(
    evaluate: Evaluate, here: Evaluation, direction: Float[Tensor, " p"], first: float = 1.0
) -> Trial | None:
    """A point that meets the conditions, else the lowest that was found; None if none is lower.

    Tries the length `first` first. The bracket runs from `low`, the best point of sufficient
    decrease so far, to `high`, beyond which nothing is wanted; it is None as long as the loss
    still falls. Points where the loss is not finite count as infinitely high.

    Source: Nocedal and Wright 2006, algorithms 3.5 and 3.6 in one loop.
    """
    start = low = Trial(0.0, here.loss, float(here.gradient @ direction), here)
    high: Trial | None = None
    length = first
    for _ in range(EVALUATIONS):
        there = evaluate(here.theta + length * direction)
        # Infinitely high where the search could not go on from.
        trial = Trial(length, math.inf, math.inf, there)
        if there.finite():
            trial = Trial(length, there.loss, float(there.gradient @ direction), there)
        enough = trial.loss <= start.loss + DECREASE * length * start.slope
        if not enough or trial.loss >= low.loss:
            high = trial
        elif abs(trial.slope) <= -CURVATURE * start.slope:
            return trial
        else:
            turned = trial.slope * (1.0 if high is None else high.length - low.length) >= 0.0
            before, low = low, trial
            high = before if turned else high
            if high is None:
                length = beyond(before, low)
                continue
        length = between(low, high)
    return None if low is start else low


def beyond(before: Trial, last: Trial) -> float:
    """The next length where the loss still falls at the last of two points."""
    guess = cubic_minimum(before, last)
    least, most = LEAST * last.length, MOST * last.length
    return min(max(guess, least), most) if math.isfinite(guess) else most


def between(low: Trial, high: Trial) -> float:
    """The next length inside a bracket, its middle where the losses lead nowhere."""
    guess, width = cubic_minimum(low, high), high.length - low.length
    if not math.isfinite(guess):
        return low.length + 0.5 * width
    share = (guess - low.length) / width
    return low.length + min(max(share, MARGIN), 1.0 - MARGIN) * width


def cubic_minimum(one: Trial, other: Trial) -> float:
    """Where the cubic through two losses with their slopes is least; not a number if nowhere.

    Source: Nocedal and Wright 2006, equation (3.59).
    """
    width = other.length - one.length
    if width == 0.0 or not math.isfinite(other.loss):
        return math.nan
    mean = one.slope + other.slope - 3.0 * (one.loss - other.loss) / (one.length - other.length)
    square = mean**2 - one.slope * other.slope
    if not 0.0 <= square < math.inf:
        return math.nan
    root = math.copysign(math.sqrt(square), width)
    below = other.slope - one.slope + 2.0 * root
    return other.length - width * (other.slope + root - mean) / below if below else math.nan
