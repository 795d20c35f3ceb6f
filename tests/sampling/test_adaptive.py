import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pikan.sampling.adaptive import density, resample


def residuals(seed, count=200):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, generator=generator, dtype=torch.float64)


@given(st.integers(0, 1000), st.floats(0.0, 3.0), st.floats(0.0, 5.0))
def test_density_is_the_formula_and_sums_to_one(seed, k, c):
    residual = residuals(seed)
    powers = residual.abs() ** k
    expected = powers / powers.mean() + c
    found = density(residual, k, c)
    assert torch.allclose(found, expected / expected.sum(), rtol=1e-12)
    assert float(found.sum()) == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize("factor", [1e-150, 1e200])
def test_units_of_the_residual_do_not_matter(factor):
    assert torch.allclose(density(factor * residuals(0), 2.0), density(residuals(0), 2.0))


def test_without_residual_every_place_is_as_likely():
    assert density(torch.zeros(4)).tolist() == [0.25] * 4


def test_drawn_points_are_different_candidates():
    candidates = torch.arange(50.0)[:, None]
    drawn, _ = resample(candidates, residuals(0, 50), 20, torch.Generator().manual_seed(0))
    assert len(drawn.unique()) == 20
    assert set(drawn[:, 0].tolist()) <= set(candidates[:, 0].tolist())


def test_candidates_are_drawn_as_often_as_their_density_says():
    residual = torch.tensor([0.0, 1.0, 2.0, 5.0])
    generator = torch.Generator().manual_seed(0)
    candidates = torch.eye(4)
    draws = torch.cat([resample(candidates, residual, 1, generator).points for _ in range(4000)])
    # 4 standard deviations of a frequency over 4000 draws, 4 · sqrt(1/4 / 4000).
    assert torch.allclose(draws.mean(0), density(residual), atol=0.032)


def test_one_seed_draws_the_same_points_and_no_global_generator_moves():
    before = torch.get_rng_state()
    candidates = torch.arange(50.0)[:, None]
    first, second = (
        resample(candidates, residuals(0, 50), 20, torch.Generator().manual_seed(3))
        for _ in range(2)
    )
    assert torch.equal(first.points, second.points)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("count", [3, 10, 29])
def test_weighted_means_over_drawn_points_are_means_over_the_candidates(count):
    candidates, residual = torch.arange(30.0)[:, None], residuals(2, 30).to(torch.float32)
    generator = torch.Generator().manual_seed(0)
    drawn = [resample(candidates, residual, count, generator) for _ in range(3000)]
    means = torch.stack([(weights * points[:, 0]).mean() for points, weights in drawn])
    # Four standard deviations of the mean of the means.
    assert float(means.mean()) == pytest.approx(14.5, abs=4 * float(means.std()) / 3000**0.5)


def test_all_candidates_together_count_alike():
    candidates = torch.arange(5.0)[:, None]
    points, weights = resample(candidates, residuals(0, 5), 9, torch.Generator().manual_seed(0))
    assert sorted(points[:, 0].tolist()) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert weights.tolist() == [1.0] * 5
