import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pikan.optimize.broyden_update import broyden_update, member


def definite(size, seed):
    """A random positive definite matrix of condition up to a few hundred, and the generator."""
    generator = torch.Generator().manual_seed(seed)
    factor = torch.randn(size, size, generator=generator)
    return factor @ factor.T + 0.1 * torch.eye(size), generator


@given(st.integers(0, 10_000), st.integers(2, 8), st.booleans())
def test_the_new_matrix_takes_the_change_of_the_gradient_to_the_step(seed, size, first):
    hessian, generator = definite(size, seed)
    inverse = None if first else definite(size, seed + 1)[0]
    B = torch.eye(size) if first else torch.linalg.inv(inverse)
    step = torch.randn(size, generator=generator)
    change = hessian @ step
    found = broyden_update(inverse, step, change, float(step @ B @ step))
    assert torch.allclose(found @ change, step, rtol=0.0, atol=1e-11 * float(found.norm()))


@given(st.integers(0, 10_000), st.integers(2, 8))
def test_the_matrix_stays_positive_definite_and_symmetric(seed, size):
    hessian, generator = definite(size, seed)
    inverse = definite(size, seed + 1)[0]
    step = torch.randn(size, generator=generator)
    length = float(step @ torch.linalg.solve(inverse, step))
    found = broyden_update(inverse, step, hessian @ step, length)
    assert torch.allclose(found, found.T, rtol=0.0, atol=1e-13 * float(found.norm()))
    assert float(torch.linalg.eigvalsh(found)[0]) > 0.0


@given(st.integers(0, 10_000), st.integers(2, 8))
def test_the_update_is_the_one_of_the_papers(seed, size):
    hessian, generator = definite(size, seed)
    H = definite(size, seed + 1)[0]
    s = torch.randn(size, generator=generator)
    y = hessian @ s
    length = float(s @ torch.linalg.solve(H, s))
    Hy, ys, yHy = H @ y, float(y @ s), float(y @ H @ y)
    theta, tau = member(length / ys, yHy / ys, size, first=False)
    phi = (1.0 - theta) / (1.0 + (yHy * length / ys**2 - 1.0) * theta)
    v = yHy**0.5 * (s / ys - Hy / yHy)
    expected = (H - torch.outer(Hy, Hy) / yHy + phi * torch.outer(v, v)) / tau
    expected += torch.outer(s, s) / ys
    found = broyden_update(H, s, y, length)
    assert torch.allclose(found, expected, rtol=0.0, atol=1e-12 * float(expected.norm()))


@pytest.mark.parametrize("size", [2, 5, 20])
def test_exact_line_searches_solve_a_quadratic_in_as_many_steps_as_it_has_unknowns(size):
    hessian, generator = definite(size, seed=size)
    solution = torch.randn(size, generator=generator)
    theta, inverse = torch.zeros(size), None
    for _ in range(size):
        slope = hessian @ (theta - solution)
        direction = -slope if inverse is None else -inverse @ slope
        length = -float(slope @ direction) / float(direction @ hessian @ direction)
        step = length * direction
        theta = theta + step
        inverse = broyden_update(inverse, step, hessian @ step, -length * float(step @ slope))
    # Conjugate directions lose digits as conjugate gradients do.
    assert torch.allclose(theta, solution, rtol=0.0, atol=1e-7)


def test_a_change_against_the_step_teaches_nothing():
    inverse = 2.0 * torch.eye(2)
    step = torch.tensor([1.0, 0.0])
    assert broyden_update(inverse, step, -step, length=0.5) is inverse
    assert broyden_update(None, step, torch.zeros(2), length=1.0) is None


def test_the_matrix_given_is_left_as_it_was():
    inverse = torch.eye(2)
    broyden_update(inverse, torch.tensor([1.0, 2.0]), torch.tensor([2.0, 1.0]), length=5.0)
    assert torch.equal(inverse, torch.eye(2))


@given(st.floats(1e-3, 1e3), st.floats(1.0, 1e3), st.integers(2, 1000))
def test_updates_are_positive_definite_and_never_shrink_what_is_not_seen(b, excess, parameters):
    theta, tau = member(b, excess / b, parameters, first=False)
    # B grows by 1 + aθ in determinant, which has to stay positive; τ <= 1 only enlarges H.
    assert 1.0 + (excess - 1.0) * theta > 0.0
    assert 0.0 < tau <= 1.0


@pytest.mark.parametrize("parameters", [2, 3, 11])
def test_what_one_direction_gains_is_taken_from_the_others_in_the_geometric_mean(parameters):
    # With b h = 2 and b < 1 theta is 1, and the determinant grows by 1 + (b h - 1) theta = 2.
    theta, tau = member(0.2, 10.0, parameters, first=False)
    assert theta == 1.0
    assert tau ** (parameters - 1) == pytest.approx(1 / 2)
