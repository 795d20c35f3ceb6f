"""Rough problems: their text, and their solution by a formula, a series or SciPy at 1e-12."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from scipy.integrate import solve_bvp, solve_ivp
from scipy.interpolate import RegularGridInterpolator
from scipy.special import erf, erfc, erfcx
from scipy.stats import norm

Array = np.ndarray


class Rough(NamedTuple):
    """A problem; `truth` of points by rows gives unknowns by rows, None where none is known.

    `yardstick` does the same by SciPy with a tolerance of 1e-9, from the lengths of the domain.
    """

    text: str
    truth: Callable[[Array], Array] | None
    yardstick: Callable[[], Callable[[Array], Array]] | None = None


def _text(domain: str, unknowns: str, equations: str, conditions: str, more: str = "") -> str:
    return (
        f"domain: {domain}\nunknowns: {unknowns}\nequations: {equations}\n"
        f"conditions: {conditions}\n{more}"
    )


def _pulse(width: float) -> Rough:
    """u' = -u pulse, a rate that is large for a moment."""

    def truth(points: Array) -> Array:
        parts = erf((points - 4.3) / width) + erf(4.3 / width)
        return np.exp(-np.sqrt(np.pi) / 2 * parts)

    def yardstick() -> Callable[[Array], Array]:
        found = solve_ivp(
            lambda t, u: -np.exp(-(((t - 4.3) / width) ** 2)) / width * u,
            (0, 10),
            [1.0],
            "Radau",
            dense_output=True,
            rtol=1e-9,
            atol=1e-12,
        )
        return lambda points: found.sol(points[:, 0]).T

    equation = f'["u_t = -u*exp(-((t - 4.3)/{width})^2)/{width}"]'
    conditions = "[{where: t = 0, that: u = 1}]"
    return Rough(_text("{t: [0, 10]}", "[u]", equation, conditions), truth, yardstick)


def _outflow(d: float) -> Rough:
    """-d u'' + u' = 1 with a layer at the outflow."""

    def truth(points: Array) -> Array:
        edge = np.exp(-1 / d)
        return points - (np.exp((points - 1) / d) - edge) / (1 - edge)

    def yardstick() -> Callable[[Array], Array]:
        x = np.sort(np.concatenate([np.linspace(0, 1, 40), 1 - np.geomspace(d / 10, 0.5, 60)]))
        found = solve_bvp(
            lambda _, y: np.stack([y[1], (y[1] - 1) / d]),
            lambda left, right: np.array([left[0], right[0]]),
            x,
            np.zeros((2, len(x))),
            tol=1e-9,
            max_nodes=50_000,
        )
        return lambda points: found.sol(points[:, 0])[:1].T

    text = _text("{x: [0, 1]}", "[u]", f"[-{d}*u_xx + u_x = 1]", "[{where: boundary, that: u = 0}]")
    return Rough(text, truth, yardstick)


def _turning(d: float) -> Rough:
    def truth(points: Array) -> Array:
        return np.cos(np.pi * points) + erf(points / np.sqrt(2 * d)) / erf(1 / np.sqrt(2 * d))

    equation = f"[{d}*u_xx + x*u_x = -{d}*pi^2*cos(pi*x) - pi*x*sin(pi*x)]"
    conditions = "[{where: x = -1, that: u = -2}, {where: x = 1, that: u = 0}]"
    return Rough(_text("{x: [-1, 1]}", "[u]", equation, conditions), truth)


def _materials() -> Rough:
    def truth(points: Array) -> Array:
        x = points[:, 0]
        flux = 1 / (0.4 + 0.6 / 100)
        u = np.where(x < 0.4, 1 - flux * x, flux / 100 * (1 - x))
        return np.stack([u, np.full_like(x, flux)], axis=1)

    equations = '["q = -(step(0.4 - x) + 100*step(x - 0.4))*u_x", q_x = 0]'
    conditions = "[{where: x = 0, that: u = 1}, {where: x = 1, that: u = 0}]"
    return Rough(_text("{x: [0, 1]}", "[u, q]", equations, conditions), truth)


def _rod(accuracy: float) -> Rough:
    def truth(points: Array) -> Array:
        x, t = points.T
        root = np.sqrt(4 * t)
        found = sum(erfc((2 * n + x) / root) - erfc((2 * n + 2 - x) / root) for n in range(6))
        return np.asarray(found)[:, None]

    conditions = (
        "[{where: t = 0, that: u = 0}, {where: x = 0, that: u = 1}, {where: x = 1, that: u = 0}]"
    )
    more = f"accuracy: {accuracy}\n"
    return Rough(_text("{x: [0, 1], t: [0, 1]}", "[u]", "[u_t = u_xx]", conditions, more), truth)


def _column() -> Rough:
    """Convection and dispersion with a given flux at the inlet, before anything comes through."""

    def truth(points: Array) -> Array:
        x, t = points.T
        d, root = 0.01, np.sqrt(4 * 0.01 * t)
        late = np.exp(x / d) * erfc((x + t) / root)
        found = (
            0.5 * erfc((x - t) / root)
            + np.sqrt(t / (np.pi * d)) * np.exp(-((x - t) ** 2) / root**2)
            - 0.5 * (1 + x / d + t / d) * np.where(np.isfinite(late), late, 0.0)
        )
        return found[:, None]

    conditions = (
        "[{where: t = 0, that: u = 0}, {where: x = 0, that: u - 0.01*u_x = 1}, "
        "{where: x = 1, that: u_x = 0}]"
    )
    text = _text("{x: [0, 1], t: [0, 0.4]}", "[u]", "[u_t = 0.01*u_xx - u_x]", conditions)
    return Rough(text + "accuracy: 1e-6\n", truth)


def _hat() -> Rough:
    def truth(points: Array) -> Array:
        x, t = points.T
        found = np.zeros_like(x)
        for k in range(1, 400):
            wave = 2 * np.sin(0.3 * np.pi * k) / (0.21 * (np.pi * k) ** 2)
            found += wave * np.sin(np.pi * k * x) * np.exp(-((np.pi * k) ** 2) * t)
        return found[:, None]

    conditions = (
        '[{where: t = 0, that: "u = minimum(x/0.3, (1 - x)/0.7)"}, {where: boundary, that: u = 0}]'
    )
    text = _text("{x: [0, 1], t: [0, 0.5]}", "[u]", "[u_t = u_xx]", conditions)
    return Rough(text + "accuracy: 1e-6\n", truth)


def _lines(
    start: Callable[[Array], Array],
    slopes: Callable[[Array, float], Array],
    end: float,
    order: int = 1,
) -> Callable[[], Callable[[Array], Array]]:
    """The method of lines on 201 even points of [0, 1], at rest first where it is of second order.

    `slopes` makes the highest derivative by t of the values and the distance of points.
    """

    def yardstick() -> Callable[[Array], Array]:
        x = np.linspace(0, 1, 201)

        def derivative(_: float, y: Array) -> Array:
            return np.concatenate([y[len(x) :], slopes(y[: len(x)], x[1])])

        first = np.concatenate([start(x), np.zeros_like(x)][:order])
        found = solve_ivp(
            derivative, (0, end), first, "DOP853", dense_output=True, rtol=1e-9, atol=1e-12
        )

        def values(points: Array) -> Array:
            moments, at = np.unique(points[:, 1], return_inverse=True)
            known = RegularGridInterpolator((moments, x), found.sol(moments)[: len(x)].T)
            return known(np.stack([moments[at], points[:, 0]], axis=1))[:, None]

        return values

    return yardstick


def _bent(u: Array, step: float) -> Array:
    """Second differences, with ends at rest."""
    return np.pad(np.diff(u, 2), 1) / step**2


def _plucked(start: str, on_half: Callable[[Array], Array]) -> Rough:
    """A string at rest, by d'Alembert's formula for the odd continuation of its start."""

    def odd(x: Array) -> Array:
        turned = np.mod(x + 1, 2) - 1
        return np.sign(turned) * on_half(np.abs(turned))

    def truth(points: Array) -> Array:
        x, t = points.T
        return ((odd(x - t) + odd(x + t)) / 2)[:, None]

    conditions = (
        f'[{{where: t = 0, that: "u = {start}"}}, {{where: t = 0, that: u_t = 0}}, '
        "{where: boundary, that: u = 0}]"
    )
    text = _text("{x: [0, 1], t: [0, 2]}", "[u]", "[u_tt = u_xx]", conditions)
    return Rough(text, truth, _lines(odd, _bent, 2.0, order=2))


def _string() -> Rough:
    return _plucked("minimum(x/0.3, (1 - x)/0.7)", lambda x: np.minimum(x / 0.3, (1 - x) / 0.7))


def _boxed_string() -> Rough:
    return _plucked("step(x - 0.2)*step(0.45 - x)", lambda x: (x > 0.2) & (x < 0.45))


def _carried_box() -> Rough:
    def truth(points: Array) -> Array:
        x, t = points.T
        return (((x - t > 0.2) & (x - t < 0.4)) * np.exp(-t))[:, None]

    conditions = (
        '[{where: t = 0, that: "u = step(x - 0.2)*step(0.4 - x)"}, {where: x = 0, that: u = 0}]'
    )
    text = _text("{x: [0, 1], t: [0, 0.5]}", "[u]", "[u_t + u_x = -u]", conditions)
    upwind = _lines(
        lambda x: ((x > 0.2) & (x < 0.4)) * 1.0,
        lambda u, step: -np.diff(u, prepend=0.0) / step - u,
        0.5,
    )
    return Rough(text, truth, upwind)


def _plate() -> Rough:
    """A plate that is hot at first and cooled on both sides; short times by two half lines."""
    biot = 2.0
    half, roots = biot / 2, np.arange(40) * np.pi
    # Newton's method for mu tan(mu) = biot/2, one root in each period.
    mu = roots + np.arctan2(half, roots + 0.5)
    for _ in range(30):
        mu -= (mu * np.sin(mu) - half * np.cos(mu)) / ((1 + half) * np.sin(mu) + mu * np.cos(mu))

    def cooled(depth: Array, t: Array) -> Array:
        root = 2 * np.sqrt(t)
        near = depth / root + biot * root / 2
        return erfc(depth / root) - np.exp(-((depth / root) ** 2)) * erfcx(near)

    def truth(points: Array) -> Array:
        x, t = points.T
        found = 1 - cooled(x, t) - cooled(1 - x, t)
        waves = np.cos(np.outer(2 * x - 1, mu)) * np.exp(-4 * np.outer(t, mu**2))
        late = waves @ (4 * np.sin(mu) / (2 * mu + np.sin(2 * mu)))
        return np.where(t < 5e-3, found, late)[:, None]

    conditions = "[{where: t = 0, that: u = 1}, {where: boundary, that: u_n + 2*u = 0}]"
    text = _text("{x: [0, 1], t: [0, 1]}", "[u]", "[u_t = u_xx]", conditions)
    return Rough(text + "accuracy: 1e-6\n", truth)


def _plane_plate(accuracy: float) -> Rough:
    """A square plate cooled on all sides: the product of two plates cooled on both."""
    line = _plate().truth
    assert line is not None

    def truth(points: Array) -> Array:
        return line(points[:, [0, 2]]) * line(points[:, [1, 2]])

    conditions = "[{where: t = 0, that: u = 1}, {where: boundary, that: u_n + 2*u = 0}]"
    domain = "{x: [0, 1], y: [0, 1], t: [0, 1]}"
    text = _text(domain, "[u]", "[u_t = laplacian(u)]", conditions)
    return Rough(text + f"accuracy: {accuracy}\n", truth, _chebyshev_lines)


def _chebyshev_lines() -> Callable[[Array], Array]:
    """The cooled plate by collocation at 25 x 25 Chebyshev points and SciPy's Radau in t."""
    count = 25
    x = (1 - np.cos(np.pi * np.arange(count) / (count - 1))) / 2
    table = chebyshev.chebvander(2 * x - 1, count - 1)
    inverse = np.linalg.inv(table)
    slope = 2 * chebyshev.chebvander(2 * x - 1, count - 2)
    slope = slope @ chebyshev.chebder(np.eye(count), axis=0) @ inverse
    # Values at both ends, from those inside, by u_n + 2 u = 0.
    ends = slope[[0, -1]] + np.eye(count)[[0, -1]] * [[-2.0], [2.0]]
    lift = np.eye(count)[:, 1:-1]
    lift[[0, -1]] = -np.linalg.solve(ends[:, [0, -1]], ends[:, 1:-1])
    second = (slope @ slope)[1:-1] @ lift
    identity = np.eye(count - 2)
    whole = np.kron(second, identity) + np.kron(identity, second)
    found = solve_ivp(
        lambda _, y: whole @ y,
        (0, 1),
        np.ones(len(whole)),
        "Radau",
        jac=whole,
        dense_output=True,
        rtol=1e-9,
        atol=1e-12,
    )
    spread = inverse @ lift

    def values(points: Array) -> Array:
        moments, at = np.unique(points[:, 2], return_inverse=True)
        made = np.empty(len(points))
        for number, inner in enumerate(found.sol(moments).T):
            here = np.flatnonzero(at == number)
            series = spread @ inner.reshape(count - 2, count - 2) @ spread.T
            first, second = 2 * points[here, :2].T - 1
            made[here] = chebyshev.chebval2d(first, second, series)
        return made[:, None]

    return values


def _heated_wall(accuracy: float) -> Rough:
    """A wall that takes up heat at a given rate on one side and none on the other, cold at first.

    Carslaw and Jaeger 1959, Conduction of Heat in Solids, section 3.8, by images.
    """

    def truth(points: Array) -> Array:
        x, t = points.T
        root = 2 * np.sqrt(t)
        found = np.zeros_like(x)
        for image in range(8):
            for depth in ((2 * image + x) / root, (2 * image + 2 - x) / root):
                found += root * (np.exp(-(depth**2)) / np.sqrt(np.pi) - depth * erfc(depth))
        return found[:, None]

    conditions = (
        "[{where: t = 0, that: u = 0}, {where: x = 0, that: u_x = -1}, "
        "{where: x = 1, that: u_x = 0}]"
    )
    text = _text("{x: [0, 1], t: [0, 1]}", "[u]", "[u_t = u_xx]", conditions)
    return Rough(text + f"accuracy: {accuracy}\n", truth)


def _spread() -> Rough:
    """Heat from a Gaussian of width 1e-3."""

    def truth(points: Array) -> Array:
        x, t = points.T
        square = 1e-6 + 4 * t
        return (1e-3 / np.sqrt(square) * np.exp(-((x - 0.1) ** 2) / square))[:, None]

    conditions = (
        "[{where: t = 0, that: u = exp(-((x - 0.1)/1e-3)^2)}, {where: boundary, that: u = 0}]"
    )
    text = _text("{x: [-2, 2], t: [0, 0.02]}", "[u]", "[u_t = u_xx]", conditions)
    return Rough(text + "accuracy: 1e-6\n", truth)


def _density() -> Rough:
    """Fokker and Planck's equation of Ornstein and Uhlenbeck's process, from a narrow Gaussian."""

    def truth(points: Array) -> Array:
        x, t = points.T
        variance = 2e-4 * np.exp(-2 * t) + 0.25 * (1 - np.exp(-2 * t))
        found = np.exp(-((x - np.exp(-t)) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
        return found[:, None]

    start = "exp(-((x - 1)/0.02)^2)/(0.02*sqrt(pi))"
    conditions = f'[{{where: t = 0, that: "p = {start}"}}, {{where: boundary, that: p = 0}}]'
    equation = '["p_t = p + x*p_x + 0.25*p_xx"]'
    text = _text("{x: [-5, 5], t: [0, 1]}", "[p]", equation, conditions)
    return Rough(text + "accuracy: 1e-6\n", truth)


def _option(digital: bool, accuracy: float) -> Rough:
    def truth(points: Array) -> Array:
        price, t = points.T
        with np.errstate(all="ignore"):
            spread = 0.2 * np.sqrt(t)
            depth = (np.log(price / 100) + (0.05 - 0.02) * t) / spread
            inside = 100 * np.exp(-0.05 * t) * norm.cdf(depth)
            whole = price * norm.cdf(depth + spread) - inside
        return np.nan_to_num(inside / 100 if digital else whole)[:, None]

    payoff, end = (
        ("step(S - 100)", "exp(-0.05*t)")
        if digital
        else (
            "maximum(S - 100, 0)",
            "S - 100*exp(-0.05*t)",
        )
    )
    conditions = (
        f'[{{where: t = 0, that: "V = {payoff}"}}, {{where: S = 0, that: V = 0}}, '
        f'{{where: S = 400, that: "V = {end}"}}]'
    )
    equation = "[V_t = 0.5*0.2^2*S^2*V_SS + 0.05*S*V_S - 0.05*V]"
    text = _text("{S: [0, 400], t: [0, 1]}", "[V]", equation, conditions)
    return Rough(text + f"accuracy: {accuracy}\n", truth)


def _source() -> Rough:
    def truth(points: Array) -> Array:
        return np.exp(-((points - [0.5, 0.4]) ** 2).sum(axis=1) / 0.003**2)[:, None]

    square = "((x - 0.5)^2 + (y - 0.4)^2)"
    equation = f'["laplacian(u) = (4*{square}/0.003^4 - 4/0.003^2)*exp(-{square}/0.003^2)"]'
    text = _text("{x: [0, 1], y: [0, 1]}", "[u]", equation, "[{where: boundary, that: u = 0}]")
    return Rough(text + "accuracy: 1e-8\n", truth)


def _lid() -> Rough:
    def truth(points: Array) -> Array:
        x, y = points.T
        with np.errstate(all="ignore"):
            found = 2 / np.pi * np.arctan2(np.sin(np.pi * x), np.sinh(np.pi * (1 - y)))
        for k in np.arange(1, 40, 2) * np.pi:
            rise = np.exp(-k * (1 - y)) - np.exp(-k * (1 + y))
            rest = rise / (1 - np.exp(-2 * k)) - np.exp(-k * (1 - y))
            found += 4 / k * np.sin(k * x) * rest
        return found[:, None]

    conditions = "[{where: y = 1, that: u = 1}, {where: [x = 0, x = 1, y = 0], that: u = 0}]"
    text = _text("{x: [0, 1], y: [0, 1]}", "[u]", "[laplacian(u) = 0]", conditions)
    return Rough(text + "accuracy: 1e-5\n", truth)


def _flow(beta: float, second: float) -> Rough:
    """Falkner and Skan's equation, against an integration from the wall shear that is known."""

    def slopes(_: float, y: Array) -> list[float]:
        return [y[1], y[2], -y[0] * y[2] - beta * (1 - y[1] ** 2)]

    def yardstick() -> Callable[[Array], Array]:
        x = np.linspace(0, 10, 60)
        found = solve_bvp(
            lambda s, y: np.stack(slopes(s, y)),
            lambda left, right: np.array([left[0], left[1], right[1] - 1]),
            x,
            np.stack([x - 1 + np.exp(-x), 1 - np.exp(-x), np.exp(-x)]),
            tol=1e-9,
        )
        return lambda points: found.sol(points[:, 0])[:1].T

    def truth(points: Array) -> Array:
        x = np.linspace(0, 10, 400)
        fine = solve_bvp(
            lambda s, y: np.stack(slopes(s, y)),
            lambda left, right: np.array([left[0], left[1], right[1] - 1]),
            x,
            np.stack([x - 1 + np.exp(-x), 1 - np.exp(-x), second * np.exp(-x)]),
            tol=1e-13,
            max_nodes=100_000,
        )
        return fine.sol(points[:, 0])[:1].T

    conditions = (
        "[{where: x = 0, that: f = 0}, {where: x = 0, that: f_x = 0}, "
        "{where: x = 10, that: f_x = 1}]"
    )
    equation = f'["f_xxx + f*f_xx + {beta}*(1 - f_x^2) = 0"]'
    return Rough(_text("{x: [0, 10]}", "[f]", equation, conditions), truth, yardstick)


def _troesch(strength: float) -> Rough:
    equation = f'["u_xx = {strength}*sinh({strength}*u)"]'
    conditions = "[{where: x = 0, that: u = 0}, {where: x = 1, that: u = 1}]"
    return Rough(_text("{x: [0, 1]}", "[u]", equation, conditions), None)


def _interior(d: float) -> Rough:
    equation = f'["{d}*u_xx + u*u_x = u"]'
    conditions = "[{where: x = 0, that: u = -7/6}, {where: x = 1, that: u = 3/2}]"
    return Rough(_text("{x: [0, 1]}", "[u]", equation, conditions), None)


def _bratu(constant: float) -> Rough:
    conditions = "[{where: boundary, that: u = 0}]"
    return Rough(_text("{x: [0, 1]}", "[u]", f"[u_xx + {constant}*exp(u) = 0]", conditions), None)


def _stiff(
    unknowns: tuple[str, ...],
    equations: str,
    start: tuple[float, ...],
    end: float,
    slopes: Callable[[float, Array], Array],
) -> Rough:
    def by(tolerance: float, least: float) -> Callable[[Array], Array]:
        found = solve_ivp(
            slopes, (0, end), start, "Radau", dense_output=True, rtol=tolerance, atol=least
        )
        return lambda points: found.sol(points[:, 0]).T

    conditions = ", ".join(
        f"{{where: t = 0, that: {name} = {value}}}"
        for name, value in zip(unknowns, start, strict=True)
    )
    text = _text(f"{{t: [0, {end}]}}", f"[{', '.join(unknowns)}]", equations, f"[{conditions}]")
    return Rough(
        text + "accuracy: 1e-6\n", lambda points: by(1e-12, 1e-15)(points), lambda: by(1e-9, 1e-14)
    )


def _robertson(_: float, y: Array) -> Array:
    slow, fast = 0.04 * y[0] - 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
    return np.array([-slow, slow - fast, fast])


def _reactor(_: float, y: Array) -> Array:
    rate = 7.2e10 * np.exp(-8750 / y[1])
    heat = 350 - y[1] + 5e4 / 239 * rate * y[0] + 5e4 / 23900 * (305 - y[1])
    return np.array([1 - y[0] - rate * y[0], heat])


def _vortices() -> Rough:
    def truth(points: Array) -> Array:
        x, y, t = np.pi * points.T
        slow = np.exp(-0.04 * np.pi * t)
        u, v = -np.cos(x) * np.sin(y) * slow, np.sin(x) * np.cos(y) * slow
        return np.stack([u, v, -(np.cos(2 * x) + np.cos(2 * y)) / 4 * slow**2], axis=1)

    slow = "exp(-0.04*pi^2*t)"
    flow = {"u": f"-cos(pi*x)*sin(pi*y)*{slow}", "v": f"sin(pi*x)*cos(pi*y)*{slow}"}
    given = {**flow, "p": f"-(cos(2*pi*x) + cos(2*pi*y))/4*{slow}^2"}
    conditions = ", ".join(
        [f'{{where: t = 0, that: "{name} = {value}"}}' for name, value in flow.items()]
        + [f'{{where: boundary, that: "{name} = {value}"}}' for name, value in given.items()]
    )
    equations = (
        '["u_t + u*u_x + v*u_y + p_x = 0.02*laplacian(u)", '
        '"v_t + u*v_x + v*v_y + p_y = 0.02*laplacian(v)", "u_x + v_y = 0"]'
    )
    domain = "{x: [0, 2], y: [0, 2], t: [0, 1]}"
    text = _text(domain, "[u, v, p]", equations, f"[{conditions}]")
    return Rough(text + "accuracy: 1e-8\n", truth)


def _phases() -> Rough:
    conditions = (
        '[{where: t = 0, that: "u = cos(pi*x)*cos(2*pi*y)"}, {where: boundary, that: u_n = 0}]'
    )
    equation = '["u_t = 0.01*laplacian(u) + u - u^3"]'
    domain = "{x: [0, 1], y: [0, 1], t: [0, 1]}"
    return Rough(_text(domain, "[u]", equation, conditions, "accuracy: 1e-8\n"), None)


def _cubic() -> Rough:
    def truth(points: Array) -> Array:
        x, y, t = points.T
        return (np.exp(-t) * np.cos(x) * np.sin(3 * y))[:, None]

    wave = "exp(-t)*cos(x)*sin(3*y)"
    equation = f'["u_t = laplacian(u) + u^3 + 9*{wave} - ({wave})^3"]'
    conditions = (
        f'[{{where: t = 0, that: "u = cos(x)*sin(3*y)"}}, {{where: boundary, that: "u = {wave}"}}]'
    )
    domain = "{x: [0, 1], y: [0, 1], t: [0, 1]}"
    return Rough(_text(domain, "[u]", equation, conditions, "accuracy: 1e-8\n"), truth)


PROBLEMS: Mapping[str, Rough] = {
    **{f"pulse {width:g}": _pulse(width) for width in (1e-1, 1e-3, 1e-6)},
    **{f"outflow layer {d:g}": _outflow(d) for d in (1e-2, 1e-4, 1e-6, 1e-8)},
    **{f"interior layer {d:g}": _turning(d) for d in (1e-2, 1e-5, 1e-8)},
    "two materials on a line": _materials(),
    "rod suddenly hot": _rod(1e-6),
    "column with flux inlet": _column(),
    "plate cooled on both sides": _plate(),
    "plate cooled on all sides": _plane_plate(1e-6),
    "plate cooled on all sides, 1e-9": _plane_plate(1e-9),
    "wall heated at one side": _heated_wall(1e-6),
    "wall heated at one side, 1e-9": _heated_wall(1e-9),
    "heat from a hat": _hat(),
    "string plucked into a hat": _string(),
    "string plucked into a box": _boxed_string(),
    "box carried along": _carried_box(),
    "heat from width 1e-3": _spread(),
    "Fokker-Planck from width 0.02": _density(),
    "call option": _option(False, 1e-6),
    "digital option": _option(True, 1e-4),
    "hot lid": _lid(),
    "Gaussian source 3e-3": _source(),
    "Blasius": _flow(0.0, 0.46960),
    "Hiemenz": _flow(1.0, 1.23259),
    "Falkner-Skan -0.18": _flow(-0.18, 0.12864),
    "Falkner-Skan 2": _flow(2.0, 1.68722),
    "Troesch 10": _troesch(10),
    "Troesch 20": _troesch(20),
    "Bratu 3.5138": _bratu(3.5138),
    "Bratu 4": _bratu(4),
    "layer of unknown place 1e-6": _interior(1e-6),
    "Robertson": _stiff(
        ("a", "b", "c"),
        "[a_t = -0.04*a + 1e4*b*c, b_t = 0.04*a - 1e4*b*c - 3e7*b^2, c_t = 3e7*b^2]",
        (1.0, 0.0, 0.0),
        1e5,
        _robertson,
    ),
    "van der Pol 1000": _stiff(
        ("u", "v"),
        '["u_t = v", "v_t = 1000*(1 - u^2)*v - u"]',
        (2.0, 0.0),
        2000.0,
        lambda _, y: np.array([y[1], 1000 * (1 - y[0] ** 2) * y[1] - y[0]]),
    ),
    "stirred reactor": _stiff(
        ("c", "h"),
        '["c_t = 1 - c - 7.2e10*exp(-8750/h)*c", '
        '"h_t = 350 - h + 5e4/239*7.2e10*exp(-8750/h)*c + 5e4/23900*(305 - h)"]',
        (0.5, 350.0),
        10.0,
        _reactor,
    ),
    "Taylor-Green vortices": _vortices(),
    "Allen-Cahn in the plane": _phases(),
    "cubic heat in the plane": _cubic(),
}
