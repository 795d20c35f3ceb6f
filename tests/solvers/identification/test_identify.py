"""Constants from data, end to end: values, intervals, and what cannot be told."""

import numpy as np
import pytest

import pikan

DECAY = """
domain: {{t: [0, 1]}}
unknowns: [u]
find: {find}
equations: [u_t = {right}]
data: [{{file: data.csv, unknowns: {{u: u}}{noise}}}]
"""


def decay(folder, values, t, find="{k: 1}", right="-k*u", noise=""):
    np.savetxt(
        folder / "data.csv", np.c_[t, values], delimiter=",", header="t,u", comments="", fmt="%.17g"
    )
    file = folder / "decay.yaml"
    file.write_text(DECAY.format(find=find, right=right, noise=noise))
    return pikan.solve(file)


def noisy(seed: int, sigma: float, count: int = 40):
    generator = np.random.default_rng(seed)
    t = np.sort(generator.random(count))
    return t, 2.0 * np.exp(-0.8 * t) + sigma * generator.standard_normal(count)


def test_exact_data_give_the_constant_to_ten_digits(tmp_path):
    t = np.linspace(0, 1, 20)
    solution = decay(tmp_path, 2.0 * np.exp(-0.8 * t), t)
    assert solution.outcome.kind == "converged"
    assert solution.found["k"].value == pytest.approx(0.8, rel=1e-10)


def test_a_constant_on_a_logarithmic_scale_is_the_same_one(tmp_path):
    t, values = noisy(3, 0.01)
    plain = decay(tmp_path, values, t).found["k"]
    logarithmic = decay(tmp_path, values, t, find="{k: {guess: 20, scale: log}}").found["k"]
    assert logarithmic.value == pytest.approx(plain.value, abs=0.01 * plain.standard_error)
    assert logarithmic.standard_error == pytest.approx(plain.standard_error, rel=0.02)


@pytest.mark.slow
def test_nineteen_of_twenty_intervals_hold_the_truth(tmp_path):
    held = 0
    for seed in range(60):
        t, values = noisy(seed, 0.02)
        lower, upper = decay(tmp_path, values, t).found["k"].interval
        held += lower <= 0.8 <= upper
    # 57 on average, and fewer than 52 in one of five hundred such studies.
    assert held >= 52


def test_two_constants_that_stand_as_a_product_are_not_told_apart(tmp_path):
    t, values = noisy(0, 0.01)
    solution = decay(tmp_path, values, t, find="{b: 1, c: 1}", right="-b*c*u")
    assert solution.outcome.kind == "stalled"
    assert "do not tell c and b apart" in solution.outcome.message
    assert not any(one.identified for one in solution.found.values())
    product = solution.found["b"].value * solution.found["c"].value
    assert product == pytest.approx(0.8, abs=0.1)


def test_an_equation_that_does_not_describe_the_data_is_not_converged(tmp_path):
    t = np.linspace(0, 1, 60)
    values = np.exp(-0.8 * t) + 0.3 * np.sin(9 * t)
    given = decay(tmp_path, values, t, noise=", noise: 0.01")
    assert given.outcome.kind == "stalled"
    assert "do not describe the data" in given.outcome.message
    estimated = decay(tmp_path, values, t)
    assert estimated.outcome.kind == "stalled"
    assert "do not describe the data" in estimated.outcome.message


@pytest.mark.slow
def test_a_constant_that_would_leave_its_range_has_not_converged(tmp_path):
    t, values = noisy(1, 0.01)
    solution = decay(tmp_path, values, t, find="{k: {guess: 0.2, range: [0, 0.5]}}")
    assert solution.found["k"].value <= 0.5
    assert solution.outcome.kind == "stalled"


def test_noise_larger_than_given_is_named(tmp_path):
    t, values = noisy(1, 0.02)
    solution = decay(tmp_path, values, t, noise=", noise: 0.005")
    assert solution.outcome.kind == "stalled"
    assert "times as large as the noise given" in solution.outcome.message


def test_what_was_found_is_kept_with_the_run(tmp_path):
    t, values = noisy(2, 0.01)
    solution = decay(tmp_path, values, t)
    solution.save(tmp_path / "run")
    again = pikan.load(tmp_path / "run")
    assert again.found == solution.found
    assert again.report.data == solution.report.data
    assert again.problem.constants["k"] == solution.found["k"].value
    left = again.partial("u_t", t=t) + again.found["k"].value * again(t=t)
    assert np.abs(left).max() < 1e-4
    (kept,) = again.problem.observations
    np.testing.assert_array_equal(kept.values, values)


def test_draws_of_constants_have_the_spread_of_their_standard_errors(tmp_path):
    t, values = noisy(4, 0.01)
    solution = decay(tmp_path, values, t, find="{k: 1, f: 0.1}", right="-k*u + f")
    drawn = solution.sample_found(4000)
    for name, one in solution.found.items():
        assert np.std(drawn[name]) == pytest.approx(one.standard_error, rel=0.1)
    (_, tied), _ = solution.report.correlation
    assert np.corrcoef(drawn["k"], drawn["f"])[0, 1] == pytest.approx(tied, abs=0.05)


@pytest.mark.slow
def test_the_predator_prey_constants_come_from_noisy_counts(tmp_path):
    from scipy.integrate import solve_ivp

    t = np.arange(35) / 10
    made = solve_ivp(
        lambda _, y: (1.5 * y[0] - y[0] * y[1], y[0] * y[1] - 3 * y[1]),
        (0, 3.5), [1, 1], "DOP853", t, rtol=1e-12, atol=1e-12,
    )  # fmt: skip
    noise = 0.02 * np.random.default_rng(7).standard_normal((2, 35))
    columns = np.c_[t, (made.y + noise).T]
    np.savetxt(tmp_path / "h.csv", columns, delimiter=",", header="t,x,y", comments="")
    file = tmp_path / "lotka.yaml"
    file.write_text(
        "domain: {t: [0, 3.5]}\nunknowns: [x, y]\nfind: {a: 1, b: 1, c: 1, d: 1}\n"
        "equations: [x_t = a*x - b*x*y, y_t = c*x*y - d*y]\n"
        "data: [{file: h.csv, unknowns: {x: x, y: y}}]\n"
    )
    solution = pikan.solve(file)
    assert solution.outcome.kind == "converged"
    for one, true in zip(solution.found.values(), (1.5, 1.0, 1.0, 3.0), strict=True):
        assert abs(one.value - true) < 4 * one.standard_error < 0.05 * true


@pytest.mark.slow
def test_few_values_on_a_fine_basis_do_not_pass_for_a_contradiction(tmp_path):
    from scipy.integrate import solve_ivp

    # Of 25 values each basis leaves no degree of freedom before the equations bind.
    t = np.linspace(0.0, 3.0, 25)
    made = solve_ivp(
        lambda _, y: (10 * (y[1] - y[0]), y[0] * (15 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]),
        (0, 3), [-8, 7, 27], "DOP853", t, rtol=1e-12, atol=1e-12,
    )  # fmt: skip
    values = made.y + 0.08 * np.random.default_rng(0).standard_normal(made.y.shape)
    columns = np.c_[t, values.T]
    np.savetxt(tmp_path / "l.csv", columns, delimiter=",", header="t,x,y,z", comments="")
    file = tmp_path / "lorenz.yaml"
    file.write_text(
        "domain: {t: [0, 3]}\nunknowns: [x, y, z]\nfind: {s: 1, r: 1, b: 1}\n"
        "equations: [x_t = s*(y - x), y_t = x*(r - z) - y, z_t = x*y - b*z]\n"
        "data: [{file: l.csv, unknowns: {x: x, y: y, z: z}}]\n"
    )
    solution = pikan.solve(file)
    assert solution.outcome.kind == "converged"
    for one, true in zip(solution.found.values(), (10.0, 15.0, 8 / 3), strict=True):
        assert abs(one.value - true) < 4 * one.standard_error < 0.05 * true
