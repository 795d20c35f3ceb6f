"""Sums of exponentials, damped waves among them, found from equally spaced values (ESPRIT).

A space spanned by functions exp(s t) goes over into itself where t is shifted: its basis at all
points but the first is that at all but the last times a matrix with the eigenvalues exp(s h), h
the spacing.

Source: Roy and Kailath 1989, IEEE Transactions on Acoustics, Speech, and Signal Processing 37,
984-995.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from pikan.linalg.dense import eigenvalues, least_squares, svd

# Exponents that differ by less than this over the length of the interval are one of a higher
# multiplicity: t exp(s t) is a limit of differences.
_SAME = 0.05


class Exponential(NamedTuple):
    """The functions t^power exp(rate t) cos(frequency t) and, of a frequency, with the sine."""

    rate: float
    frequency: float
    power: int

    def values(self, t: Float[np.ndarray, " n"]) -> list[Float[np.ndarray, " n"]]:
        """One function or two at the points t."""
        size = t**self.power * np.exp(self.rate * t)
        if self.frequency == 0.0:
            return [size]
        return [size * np.cos(self.frequency * t), size * np.sin(self.frequency * t)]


def shift_space(
    values: Float[np.ndarray, "n k"], noise: float, most: int
) -> Float[np.ndarray, "m r"] | None:
    """A basis of the space of all shifts of some functions, on half as many points.

    None where it has more than `most` dimensions: no sums of so few exponentials.
    """
    windows = np.lib.stride_tricks.sliding_window_view(values, len(values) // 2, axis=0)
    shifts = windows.reshape(-1, windows.shape[2]).T
    space, sizes, _ = (part.numpy() for part in svd(torch.from_numpy(shifts.copy())))
    rank = int(np.count_nonzero(sizes > 10 * noise * sizes[0]))
    return space[:, :rank] if 0 < rank <= most else None


def exponentials(spacing: float, space: Float[np.ndarray, "n r"]) -> list[Exponential]:
    """The exponentials that span a space if exponentials do; its rows are equally spaced.

    Rates that are zero to rounding are not made zero here.
    """
    below, above = (torch.from_numpy(each.copy()) for each in (space[:-1], space[1:]))
    roots = eigenvalues(least_squares(below, above, 1e-14)).numpy()
    if not (np.abs(roots) > 0).all():
        return []
    # Of a pair that is conjugate one is enough.
    exponents = np.log(roots) / spacing
    same, made = _SAME / (spacing * len(space)), list[Exponential]()
    left = [complex(s.real, abs(s.imag)) for s in exponents.tolist()]
    while left:
        near = [s for s in left if abs(s - left[0]) < same]
        left = [s for s in left if s not in near]
        center = sum(near) / len(near)
        real = center.imag < same
        count = len(near) if real else len(near) // 2
        frequency = 0.0 if real else center.imag
        made += [Exponential(center.real, frequency, power) for power in range(count)]
    return made
