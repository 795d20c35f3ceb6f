"""The Cole-Hopf solution of Burgers' equation on a periodic line, by quadrature."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, final

import numpy as np
from jaxtyping import Float, Int

from pikan.expression.error import FormulaError
from pikan.expression.tree import Expression
from pikan.geometry.box import Box
from pikan.references.fourier_series import FourierSeries, fourier
from pikan.references.reference import ReferenceSolution

# Weights below exp(-CUTOFF) of the largest, and quadrature errors below it, are left out: 4e-18.
CUTOFF = 40.0
# Entries of the arrays at work at one time: they should stay in a processor's cache.
CHUNK = 2**17
# With a viscosity below this part of max|f| times the period, rounding exceeds 1e-9.
SMALLEST = 1e-7
# The longest time of a group over its shortest: all points of a group share one set of nodes.
SPREAD = 1.3


class WeightedNodes(NamedTuple):
    """A weight in y = x - s for each of some points, and values at the same y."""

    places: Int[np.ndarray, " n"]
    s: Float[np.ndarray, " _"]
    weight: Float[np.ndarray, "n _"]
    values: tuple[Float[np.ndarray, "n _"], ...]

    def mean(self, values: Float[np.ndarray, "n _"]) -> Float[np.ndarray, " n"]:
        """The mean of values at the nodes of each point."""
        return np.einsum("ij,ij->i", self.weight, values) / self.weight.sum(axis=1)


@final
@dataclass(frozen=True)
class ColeHopfSolution(ReferenceSolution):
    """u_t + u u_x = nu u_xx on the whole line, u = f at t = 0, f periodic.

    With F' = f and y = x - s the solution is the mean of f(y) under the weight
    exp(-(F(y) + s^2 / 2t) / 2 nu). The mean value of f only carries the solution along
    (u = m + v(x - m t, t)), so F is taken periodic.

    The integrals are trapezoidal sums over all s where the weight counts. Their step is chosen
    from a bound on the weight in a strip of the complex plane, which makes the relative error of
    each sum less than exp(-40) before rounding. Rounding leaves about 1e-16 max|F| / nu.

    Source: J. D. Cole, Quart. Appl. Math. 9 (1951) 225; E. Hopf, Comm. Pure Appl. Math. 3 (1950)
    201. Trapezoidal rule: Trefethen and Weideman, SIAM Review 56 (2014) 385, Theorem 5.1.
    """

    unknown: str
    initial: FourierSeries
    nu: float
    space: int
    time: int

    @property
    def against(self) -> Literal["exact"]:
        """Quadrature leaves rounding only."""
        return "exact"

    @property
    def unknowns(self) -> tuple[str, ...]:
        """The one unknown of the equation."""
        return (self.unknown,)

    @property
    def points(self) -> None:
        """The quadrature is as good anywhere."""
        return

    def values(self, points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n 1"]:
        """The solution; at t <= 0 the start."""
        x, t = points[:, self.space], points[:, self.time]
        u = self.initial.values(x)
        for near in self._weighted_nodes(x, t, self.initial):
            u[near.places] = self.initial.mean + near.mean(*near.values)
        return u[:, None]

    def partials(
        self, points: Float[np.ndarray, "n d"]
    ) -> Mapping[tuple[int, ...], Float[np.ndarray, " n"]]:
        """u, u_x, u_xx and u_t in closed form, by their orders along the axes of the box.

        Let m be the mean value of f and g = f - u. With u = m + v(x - m t, t) and a = -1/(2 nu),
        derivatives of the weight make

            u_x = <f'> + a <g^2>,  u_xx = <f''> + 3 a <f' g> + a^2 <g^3>,
            u_t = <g s^2> / (4 nu t^2) - m u_x

        At t <= 0 the start has its own, and u_t is what the equation says.
        """
        x, t = points[:, self.space], points[:, self.time]
        first = self.initial.derivative()
        second = first.derivative()
        u, u_x, u_xx = (each.values(x) for each in (self.initial, first, second))
        u_t = self.nu * u_xx - u * u_x
        a = -0.5 / self.nu
        for near in self._weighted_nodes(x, t, self.initial, first, second):
            at, (f, slope, bend) = near.places, near.values
            v = near.mean(f)
            g = f - v[:, None]
            u[at] = self.initial.mean + v
            u_x[at] = near.mean(slope + a * g**2)
            u_xx[at] = near.mean(bend + (3.0 * a * slope + a**2 * g**2) * g)
            carried = near.mean(g * near.s**2) / (4.0 * self.nu * t[at] ** 2)
            u_t[at] = carried - self.initial.mean * u_x[at]
        columns = {(0, 0): u, (1, 0): u_x, (2, 0): u_xx, (0, 1): u_t}
        return {(by[self.space], by[self.time]): column for by, column in columns.items()}

    def _weighted_nodes(
        self, x: Float[np.ndarray, " n"], t: Float[np.ndarray, " n"], *functions: FourierSeries
    ) -> Iterator[WeightedNodes]:
        """The weight, and functions without their mean values, at all nodes that count."""
        start, nu = self.initial, self.nu
        for group in groups(t):
            step = node_spacing(start, nu, t[group].min())
            count = int(np.ceil(cutoff_distance(start, nu, t[group].max()) / step))
            s = step * np.arange(-count, count + 1)
            height = start.shift_integral(s)
            shifted = [function.shift(s) for function in functions]
            rows = max(1, CHUNK // len(s))
            for first in range(0, len(group), rows):
                places = group[first : first + rows]
                waves = start.waves(x[places] - start.mean * t[places])
                exponent = (waves @ height + s**2 / (2.0 * t[places, None])) / (-2.0 * nu)
                exponent -= exponent.max(axis=1, keepdims=True)
                weight = np.exp(exponent, out=exponent)
                yield WeightedNodes(places, s, weight, tuple(waves @ each for each in shifted))


def cole_hopf(box: Box, unknown: str, initial: Expression, nu: float) -> ColeHopfSolution:
    """The solution on a box of one coordinate and t, its start continued with the box's period.

    `initial` is a formula in the coordinate with all constants filled in. FormulaError where its
    periodic continuation is not smooth, or where `nu` is not positive or lost in rounding.
    """
    time = box.evolution
    space = 1 - time
    lower, upper = box.lower[space], box.upper[space]
    start = fourier(initial, box.coordinates[space], lower, upper)
    smallest = SMALLEST * start.largest * (upper - lower)
    if not (nu > 0.0 and nu >= smallest):
        raise FormulaError(
            f"the viscosity nu is {nu:.6g}; the Cole-Hopf solution from this start needs a positive"
            f" one, at least {smallest:.1g}"
        )
    return ColeHopfSolution(unknown, start, nu, space, time)


def groups(t: Float[np.ndarray, " n"]) -> Iterator[Int[np.ndarray, " _"]]:
    """The places of points of about the same moment, for all points with t > 0."""
    order = np.argsort(t, kind="stable")
    order = order[np.searchsorted(t[order], 0.0, side="right") :]
    while len(order):
        end = int(np.searchsorted(t[order], SPREAD * t[order[0]], side="right"))
        yield order[:end]
        order = order[end:]


def cutoff_distance(start: FourierSeries, nu: float, t: float) -> float:
    """The largest |x - y| at which a weight counts.

    At the distance s the exponent is below its value at s = 0 by (s^2 / 2t - |F(y) - F(x)|) / 2 nu
    or more, and |F(y) - F(x)| is below the range of F as well as below s max|f|.
    """
    spread = 4.0 * nu * t * CUTOFF
    carried = t * start.largest
    return float(
        min(np.sqrt(spread + 2.0 * t * start.range), carried + np.sqrt(carried**2 + spread))
    )


def node_spacing(start: FourierSeries, nu: float, t: float) -> float:
    """The step of a trapezoidal sum whose relative error is below exp(-CUTOFF).

    The error of the step h is below exp(-2 pi a / h) times the growth of the integrand from the
    real line to the imaginary part a, for every a: the best a gives the largest step.
    """
    widest = np.sqrt(4.0 * nu * t * CUTOFF)
    a = widest * np.geomspace(1e-4, 10.0, 400)
    with np.errstate(over="ignore"):
        growth = a**2 / (4.0 * nu * t) + start.integral_growth(a) / (2.0 * nu) + start.growth(a)
    return float(np.max(2.0 * np.pi * a / (CUTOFF + growth)))
