import mpmath
import numpy as np
import pytest
import scipy.io

from pikan.expression.error import FormulaError
from pikan.expression.parse import parse
from pikan.geometry.box import Box
from pikan.references.cole_hopf import cole_hopf
from tests.bounded import Calls

BENCHMARK = 0.01 / np.pi
BOX = Box(("x", "t"), (-1.0, 0.0), (1.0, 1.0))


def solution(initial="-sin(pi*x)", nu=BENCHMARK, box=BOX):
    return cole_hopf(box, "u", parse(initial), nu)


def quadrature(initial, antiderivative, nu, x, t):
    """The solution at one point, by adaptive quadrature of high precision.

    The line is cut to where the weight counts, as seen on a fine grid.
    """
    x, t, nu = mpmath.mpf(x), mpmath.mpf(t), mpmath.mpf(nu)

    def exponent(y):
        return -(antiderivative(y) + (x - y) ** 2 / (2 * t)) / (2 * nu)

    reach = mpmath.sqrt(300 * nu * t) + 3 * t
    grid = [x + reach * k / 200 for k in range(-200, 201)]
    heights = [exponent(y) for y in grid]
    top = max(heights)
    kept = [y for y, height in zip(grid, heights, strict=True) if height > top - 100]
    cuts = mpmath.linspace(kept[0] - reach / 200, kept[-1] + reach / 200, 9)
    above, below = (
        mpmath.quad(part, cuts, method="gauss-legendre")
        for part in (
            lambda y: initial(y) * mpmath.exp(exponent(y) - top),
            lambda y: mpmath.exp(exponent(y) - top),
        )
    )
    return above / below


def check(exact, initial, antiderivative, nu, places, tolerance=1e-12):
    with mpmath.workdps(20):
        expected = [float(quadrature(initial, antiderivative, nu, x, t)) for x, t in places]
    found = exact.values(np.array(places))[:, 0]
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=tolerance)


@pytest.mark.parametrize("t", [1e-9, 1e-4, 0.02, 1.0 / np.pi, 0.5, 1.0])
def test_the_benchmark_agrees_with_high_precision(t):
    check(
        solution(),
        lambda y: -mpmath.sin(mpmath.pi * y),
        lambda y: mpmath.cos(mpmath.pi * y) / mpmath.pi,
        BENCHMARK,
        [(x, t) for x in (-0.9, -0.05, -1e-3, 0.0, 1e-6, 4e-3, 0.02, 1.0)],
        # The required 1e-12 with two digits to spare.
        tolerance=1e-14,
    )


@pytest.mark.parametrize("nu", [2.0, 0.1, 1e-3])
def test_other_starts_and_viscosities_agree_with_high_precision(nu):
    check(
        solution("0.4 + cos(pi*x) - sin(2*pi*x)/2", nu),
        lambda y: 0.4 + mpmath.cos(mpmath.pi * y) - mpmath.sin(2 * mpmath.pi * y) / 2,
        lambda y: (
            mpmath.mpf(0.4) * y
            + mpmath.sin(mpmath.pi * y) / mpmath.pi
            + mpmath.cos(2 * mpmath.pi * y) / (4 * mpmath.pi)
        ),
        nu,
        [(x, t) for x in (-0.7, 0.11, 0.6) for t in (0.05, 1.0)],
    )


def test_the_benchmark_file_is_met(data):
    stored = scipy.io.loadmat(data / "burgers_shock.mat")
    x, t = np.meshgrid(stored["x"].ravel(), stored["t"].ravel(), indexing="ij")
    points = np.stack([x.ravel(), t.ravel()], axis=-1)
    found = solution().values(points)[:, 0]
    # The file's own error.
    assert np.abs(found - stored["usol"].ravel()).max() < 4.3e-11


def test_the_solution_solves_the_equation():
    exact = solution(
        "sin(2*pi*x) + 0.5*cos(4*pi*x) + 1", 0.05, Box(("x", "t"), (0.0, 0.0), (1.0, 1.0))
    )
    x = np.random.default_rng(0).uniform(0.0, 1.0, 50)
    t = np.random.default_rng(1).uniform(0.1, 1.0, 50)
    h = 2e-3

    def u(across, along):
        return exact.values(np.stack([x + across * h, t + along * h], axis=-1))[:, 0]

    # Central differences of sixth order.
    first = {1: 45.0, 2: -9.0, 3: 1.0}
    second = {1: 270.0, 2: -27.0, 3: 2.0}
    u_x = sum(c * (u(k, 0) - u(-k, 0)) for k, c in first.items()) / (60.0 * h)
    u_t = sum(c * (u(0, k) - u(0, -k)) for k, c in first.items()) / (60.0 * h)
    u_xx = (sum(c * (u(k, 0) + u(-k, 0)) for k, c in second.items()) - 490.0 * u(0, 0)) / (
        180.0 * h**2
    )
    assert np.abs(u_xx).max() > 1.0
    # Truncation h^6 times a derivative of order 7 [(4 pi)^7] bounds this.
    np.testing.assert_allclose(u_t + u(0, 0) * u_x, 0.05 * u_xx, atol=1e-6)


def test_the_solution_starts_at_the_start():
    x = np.linspace(-1.0, 1.0, 11)
    for t in (0.0, 1e-300, 1e-14):
        points = np.stack([x, np.full_like(x, t)], axis=-1)
        # 1e-14 later the solution has moved by less than 1e-13.
        np.testing.assert_allclose(solution().values(points)[:, 0], -np.sin(np.pi * x), atol=1e-13)


def test_an_odd_start_stays_odd_and_periodic():
    points = np.random.default_rng(0).uniform([-1.0, 0.0], [1.0, 1.0], (500, 2))
    exact = solution()
    values = exact.values(points)
    np.testing.assert_allclose(exact.values(points * [-1.0, 1.0]), -values, atol=1e-13)
    np.testing.assert_allclose(exact.values(points + np.array([2.0, 0.0])), values, atol=1e-12)


def test_a_constant_start_is_carried_along():
    points = np.random.default_rng(0).uniform([-1.0, 0.0], [1.0, 1.0], (20, 2))
    np.testing.assert_array_equal(solution("0.25").values(points), np.full((20, 1), 0.25))


def test_the_order_of_points_and_coordinates_does_not_matter():
    points = np.random.default_rng(0).uniform([-1.0, 0.0], [1.0, 1.0], (300, 2))
    values = solution().values(points)
    turned = solution(box=Box(("t", "x"), (0.0, -1.0), (1.0, 1.0))).values(points[:, ::-1])
    np.testing.assert_array_equal(turned, values)
    one_by_one = np.concatenate([solution().values(points[i : i + 1]) for i in range(20)])
    np.testing.assert_allclose(one_by_one, values[:20], atol=1e-14)


def test_a_dense_grid_takes_no_more_calls_than_a_few_points():
    points = np.random.default_rng(0).uniform([-1.0, 0.0], [1.0, 1.0], (26_000, 2))
    exact = solution()
    with Calls() as few:
        exact.values(points[:100])
    with Calls() as many:
        assert np.isfinite(exact.values(points)).all()
    assert many.count < 20 * few.count


@pytest.mark.parametrize("nu", [0.0, -0.1, 1e-12, float("nan")])
def test_a_viscosity_out_of_reach_is_refused(nu):
    with pytest.raises(FormulaError, match="needs a positive one"):
        solution(nu=nu)


@pytest.mark.parametrize("order", [("x", "t"), ("t", "x")])
@pytest.mark.parametrize("initial", ["-sin(pi*x)", "0.3 + sin(2*pi*x) - cos(pi*x)/2"])
@pytest.mark.parametrize("nu", [BENCHMARK, 0.05, 1.0])
def test_derivatives_leave_no_residual_and_are_those_of_the_values(nu, initial, order):
    bounds = {"x": (-1.0, 1.0), "t": (0.0, 1.0)}
    lower, upper = zip(*(bounds[name] for name in order), strict=True)
    exact = solution(initial, nu, Box(order, lower, upper))
    points = np.random.default_rng(0).uniform(lower, upper, (100, 2))
    points[:3, exact.time] = 0.0
    by_x, by_t = np.eye(2, dtype=int)[[exact.space, exact.time]]
    found = exact.partials(points)
    u, u_x, u_xx, u_t = (found[tuple(map(int, by))] for by in (0 * by_x, by_x, 2 * by_x, by_t))
    size = np.max(np.abs(u_t) + np.abs(u * u_x) + np.abs(nu * u_xx))
    # Sums of some thousand terms, each exact to 1.1e-16 of the largest.
    assert np.max(np.abs(u_t + u * u_x - nu * u_xx)) < 1e-13 * size
    np.testing.assert_array_equal(u, exact.values(points)[:, 0])
    step = 1e-5
    slope = (exact.values(points + step * by_x) - exact.values(points - step * by_x)) / (2 * step)
    # The error of the difference is step^2 u_xxx / 6; u_xxx is 250 at the start, 1 / nu^3 later.
    assert np.max(np.abs(slope[:, 0] - u_x)) < 1e-10 * (250.0 + 1.0 / nu**3)
