"""A smooth closed curve through points."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, final

import numpy as np
from jaxtyping import Float

from pikan.geometry.shape import Points

if TYPE_CHECKING:
    from scipy.interpolate import BSpline

# The curve has one continuous derivative less.
DEGREE = 5


@final
@dataclass(frozen=True, eq=False)
class PeriodicSpline:
    """The periodic quintic spline through points, by the length of the line through them.

    The parameter runs from 0 to 1. Four derivatives are continuous; of points on a smooth curve the
    error falls with the sixth power of their distance.

    Source: de Boor 2001, A Practical Guide to Splines, chapter XIII.
    """

    corners: Points

    @cached_property
    def _splines(self) -> "tuple[BSpline, ...]":
        """The curve with its first two derivatives."""
        from scipy.interpolate import make_interp_spline  # slow to import, and seldom needed

        closed = np.vstack([self.corners, self.corners[:1]])
        steps = np.linalg.norm(np.diff(closed, axis=0), axis=1)
        along = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()
        # Rounding of the last sum would leave the curve open.
        along[-1] = 1.0
        made = make_interp_spline(along, closed, k=DEGREE, bc_type="periodic")
        return made, made.derivative(1), made.derivative(2)

    def at(self, s: Float[np.ndarray, " n"], order: int) -> Points:
        """The curve, or a derivative of it by its parameter, which is taken modulo 1."""
        return np.asarray(self._splines[order](np.mod(s, 1.0)))
