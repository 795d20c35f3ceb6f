"""Frames of evolutions on a period, in which the symmetries of their equation are taken out."""

from dataclasses import dataclass
from math import pi
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.operators.maps import Matrix, OperatorMap
from pikan.problem.symmetries import Symmetries


@final
class Moves(NamedTuple):
    """What takes states into their frames: shifts in parts of the period, and means."""

    shifts: Float[Tensor, " n"]
    means: Float[Tensor, " n"]


@final
@dataclass(frozen=True)
class Frame:
    """Moves each state of a periodic evolution to where its mean is 0 and its first wave at x = 0.

    The state after a time `drift`, in periods for each unit of the mean, follows by the same.
    """

    symmetries: Symmetries
    drift: float

    def moves(self, inputs: Matrix) -> Moves:
        """How states are moved."""
        means = torch.zeros_like(inputs[:, 0])
        if self.symmetries.speed is not None:
            means = inputs.mean(dim=1)
        shifts = torch.zeros_like(means)
        if self.symmetries.translation:
            shifts = torch.fft.rfft(inputs)[:, 1].angle() / (2 * pi)
        return Moves(shifts, means)

    def enter(self, inputs: Matrix, moves: Moves) -> Matrix:
        """The states in their frames."""
        return shift(inputs - moves.means[:, None], moves.shifts)

    def follow(self, outputs: Matrix, moves: Moves) -> Matrix:
        """The later states in the frames of the first ones."""
        return shift(outputs - moves.means[:, None], moves.shifts - self.drift * moves.means)

    def back(self, outputs: Matrix, moves: Moves) -> Matrix:
        """The later states that are these in the frames of the first ones."""
        return shift(outputs, self.drift * moves.means - moves.shifts) + moves.means[:, None]

    def images(self, values: Matrix) -> Matrix:
        """The mirror images of states."""
        return self.symmetries.mirror * values.flip(1).roll(1, 1)


def shift(values: Matrix, parts: Float[Tensor, " n"]) -> Matrix:
    """Periodic functions moved to the right by parts of their period, as trigonometric polynomials.

    >>> wave = torch.tensor([[0.0, 1.0, 0.0, -1.0]])
    >>> shift(wave, torch.tensor([0.25]))[0].round(decimals=5) + 0.0
    tensor([-1.,  0.,  1.,  0.])
    """
    waves = torch.fft.rfft(values)
    orders = torch.arange(waves.shape[1]).to(parts)
    angles = -2 * pi * parts[:, None] * orders
    return torch.fft.irfft(waves * torch.polar(torch.ones_like(angles), angles), values.shape[1])


@final
@dataclass(frozen=True)
class FramedMap(OperatorMap):
    """A map of states in their frames."""

    frame: Frame
    inner: OperatorMap

    def __call__(self, inputs: Matrix) -> Matrix:
        """The later states."""
        moves = self.frame.moves(inputs)
        return self.frame.back(self.inner(self.frame.enter(inputs, moves)), moves)
