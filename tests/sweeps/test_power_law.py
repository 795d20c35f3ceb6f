"""Laws are recovered from noisy points within their intervals, plateaus or not."""

import math

import numpy as np
import pytest

from pikan.sweeps.power_law import law

X = [8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 96.0]


def measured(generator, exponent=4.0, noise=0.2, floor=0.0, seeds=3, power=True, factor=3.0, at=X):
    x = np.repeat(at, seeds)
    exact = factor * (x**-exponent if power else np.exp(-exponent * x))
    return x, exact * np.exp(noise * generator.standard_normal(len(x))) + floor


def fitted(x, y, power=True):
    return law(list(x), list(y), power, np.random.default_rng(0))


def covered(repeats, exponent, **settings):
    """In what part of the experiments the interval holds the exponent."""
    inside = 0
    for seed in range(repeats):
        x, y = measured(np.random.default_rng(seed), exponent, **settings)
        low, high = fitted(x, y, settings.get("power", True)).interval
        inside += low <= exponent <= high
    return inside / repeats


@pytest.mark.parametrize("exponent", [0.5, 2.0, 4.0])
def test_a_power_without_noise_is_found_exactly(exponent):
    found = fitted(*measured(np.random.default_rng(0), exponent, noise=0.0))
    assert found.exponent == pytest.approx(exponent, rel=1e-12)
    assert found.factor == pytest.approx(3.0, rel=1e-10)
    assert found.plateau is None
    assert all(found.kept)


def test_a_rate_without_noise_is_found_exactly():
    x, y = measured(np.random.default_rng(0), 0.3, noise=0.0, power=False)
    found = fitted(x, y, power=False)
    assert found.exponent == pytest.approx(0.3, rel=1e-12)
    assert found.predict(10.0, power=False) == pytest.approx(3 * math.exp(-3.0))


# With 200 experiments the share of a true 95 % has a standard deviation of 1.5 %.
@pytest.mark.parametrize(
    "settings",
    [
        {"seeds": 3},
        {"seeds": 10, "noise": 0.5},
        {"seeds": 1, "noise": 0.1},
        {"exponent": 0.2, "power": False, "at": [4.0, 6.0, 8.0, 10.0, 12.0, 14.0]},
    ],
    ids=["three seeds", "ten seeds", "one seed", "exponential"],
)
def test_intervals_hold_the_exponent_as_often_as_they_say(settings):
    assert 0.90 <= covered(200, **{"exponent": 4.0, **settings}) <= 0.99


def test_intervals_hold_the_exponent_before_a_plateau_too():
    # What a floor adds to the last points kept costs some of them.
    assert covered(200, 4.0, floor=3 * 40.0**-4, seeds=3) >= 0.85


def test_a_plateau_is_found_and_left_out():
    floor = 1e-6
    x, y = measured(np.random.default_rng(1), 4.0, noise=0.1, floor=floor)
    found = fitted(x, y)
    assert found.plateau == pytest.approx(floor, rel=0.5)
    assert max(x[list(found.kept)]) < 32
    assert found.exponent == pytest.approx(4.0, abs=0.4)


def test_rounding_that_grows_again_is_a_plateau():
    x = np.array([4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0])
    y = np.exp(-2.5 * x) + 1e-14 * x**2
    found = fitted(x, y, power=False)
    assert found.exponent == pytest.approx(2.5, rel=1e-2)
    assert not any(found.kept[-4:])


def test_a_single_place_may_be_the_plateau():
    x = np.array([3.0, 5.0, 7.0, 40.0])
    found = fitted(x, np.exp(-2.5 * x) + 1e-16, power=False)
    assert found.exponent == pytest.approx(2.5, rel=1e-2)
    assert found.plateau == pytest.approx(1e-16, rel=1e-2)


def test_no_plateau_is_seen_where_there_is_none():
    seen = 0
    for seed in range(100):
        x, y = measured(np.random.default_rng(seed), 2.0, noise=0.2)
        seen += fitted(x, y).plateau is not None
    assert seen <= 5


def test_the_unit_of_x_and_y_changes_no_exponent():
    x, y = measured(np.random.default_rng(3))
    found, other = fitted(x, y), fitted(x * 7, y * 1e5)
    assert other.exponent == pytest.approx(found.exponent)
    assert other.interval == pytest.approx(found.interval)


def test_two_points_are_no_law():
    assert fitted([1.0, 2.0], [1.0, 0.5]) is None
    assert fitted([2.0, 2.0, 2.0], [1.0, 0.5, 0.3]) is None
    assert fitted([], []) is None


def test_the_same_points_have_the_same_interval():
    x, y = measured(np.random.default_rng(5))
    assert fitted(x, y) == fitted(x, y)
