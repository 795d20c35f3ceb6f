"""Unknown functions from data: of coordinates and of unknowns, with bands and formulas."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import pikan
from pikan.expression.parse import parse
from pikan.expression.tree import text
from pikan.problem import newton_form
from pikan.problem.newton_form import coefficient_names, scales
from pikan.problem.statement import UnknownFunction
from pikan.spec.faults import SpecError

DATA = "data: [{file: data.npz, unknowns: {u: u}}]\n"


def solved(folder, stated, **columns):
    np.savez(folder / "data.npz", **columns)
    file = folder / "problem.yaml"
    file.write_text(stated + DATA)
    return pikan.solve(file)


def noisy(values, share, seed):
    noise = np.random.default_rng(seed).standard_normal(values.shape)
    return values + share * values.std() * noise


def test_newton_s_form_is_the_sum_of_its_columns():
    from pikan.expression.evaluate import evaluate

    one = UnknownFunction("r", ("u", "v"), degree=3, coefficients=coefficient_names("r", 2, 3))
    chance = np.random.default_rng(0)
    coefficients = chance.standard_normal(16)
    u, v = chance.uniform(1.0, 3.0, (2, 20))
    values = dict(zip(one.coefficients, coefficients, strict=True))
    values |= {"u": u, "v": v, **scales(one, {"u": (1.0, 3.0), "v": (1.0, 3.0)})}
    columns = newton_form.columns(one, np.stack([u, v], axis=1) - 2.0, (0, 0))
    made = evaluate(newton_form.formula(one), values, np)
    np.testing.assert_allclose(made, columns @ coefficients, rtol=1e-12)


@pytest.mark.slow
def test_a_source_of_exact_data_is_found_to_six_digits(tmp_path):
    x = np.linspace(-1.0, 1.0, 60)
    solution = solved(
        tmp_path,
        "domain: {x: [-1, 1]}\nunknowns: [u]\nfind: {q(x): {}}\nequations: [u_xx = q(x)]\n"
        "conditions: [{where: boundary, that: u = 0}]\n",
        x=x,
        u=np.sin(np.pi * x),
    )
    assert solution.outcome.kind == "converged"
    at = np.linspace(-1.0, 1.0, 101)
    truth = -(np.pi**2) * np.sin(np.pi * at)
    assert np.abs(solution.functions["q"](at) - truth).max() < 1e-5
    np.testing.assert_allclose(solution(x=at)[:, 1], truth, atol=1e-5)


@pytest.mark.slow
def test_the_band_of_a_source_holds_it_and_narrows_with_the_noise(tmp_path):
    chance = np.random.default_rng(5)
    x = np.sort(chance.uniform(-1.0, 1.0, 100))
    at = np.linspace(-0.95, 0.95, 77)
    truth, halves = -(np.pi**2) * np.sin(np.pi * at), []
    for share in (0.05, 0.005):
        solution = solved(
            tmp_path,
            "domain: {x: [-1, 1]}\nunknowns: [u]\nfind: {q(x): {}}\nequations: [u_xx = q]\n"
            "conditions: [{where: boundary, that: u = 0}]\n",
            x=x,
            u=noisy(np.sin(np.pi * x), share, 6),
        )
        lower, upper = solution.functions["q"].band(at)
        assert np.mean((lower <= truth) & (truth <= upper)) > 0.85
        halves.append(np.median(upper - lower))
    assert halves[1] < 0.5 * halves[0]


def test_a_law_of_decay_is_read_as_its_formula_and_kept_with_the_run(tmp_path):
    t = np.linspace(0.0, 4.0, 60)
    logistic = 1.0 / (1.0 + 9.0 * np.exp(-1.5 * t))
    solution = solved(
        tmp_path,
        "domain: {t: [0, 4]}\nunknowns: [u]\n"
        "find: {r(u): {degree: 4, formula: true}}\nequations: [u_t = r(u)]\n",
        t=t,
        u=noisy(logistic, 0.01, 1),
    )
    found = solution.functions["r"]
    assert list(found.terms) == ["u", "u^2"]
    for name, true in (("u", 1.5), ("u^2", -1.5)):
        lower, upper = found.terms[name].interval
        assert abs(found.terms[name].value - true) < 2.0 * (upper - lower) / 2.0 < 0.2
    solution.save(tmp_path / "run")
    again = pikan.load(tmp_path / "run")
    assert again.functions == solution.functions
    assert again.problem.constants == solution.problem.constants
    page = (tmp_path / "run" / "report.html").read_text()
    assert found.formula in page
    shown = text(newton_form.abbreviate(again.problem, again.problem.equations[0].residual))
    assert shown == text(parse("u_t - r"))


@pytest.mark.slow
def test_a_positive_coefficient_of_two_coordinates_is_found_within_its_band(tmp_path):
    chance = np.random.default_rng(0)
    x, y = chance.random((2, 1500))
    w = "(1 + x^2 + y^2 + (x-1)^2 + (y-1)^2)"
    solution = solved(
        tmp_path,
        "domain: {x: [0, 1], y: [0, 1]}\nunknowns: [u]\n"
        "find: {'a(x, y)': {positive: true}}\nequations: ['div(a*grad(u)) "
        f"+ 2*pi^2*sin(pi*x)*sin(pi*y)/{w} + pi*(cos(pi*x)*sin(pi*y)*(4*x-2) "
        f"+ sin(pi*x)*cos(pi*y)*(4*y-2))/{w}^2 = 0']\n"
        "conditions: [{where: boundary, that: u = 0}]\n",
        x=x,
        y=y,
        u=noisy(np.sin(np.pi * x) * np.sin(np.pi * y), 0.01, 1),
    )
    grid = np.meshgrid(np.linspace(0, 1, 21), np.linspace(0, 1, 21), indexing="ij")
    truth = 1 / (1 + grid[0] ** 2 + grid[1] ** 2 + (grid[0] - 1) ** 2 + (grid[1] - 1) ** 2)
    found, (lower, upper) = solution.functions["a"](*grid), solution.functions["a"].band(*grid)
    assert np.linalg.norm(found - truth) < 1e-2 * np.linalg.norm(truth)
    assert np.mean((lower <= truth) & (truth <= upper)) > 0.9
    assert (lower > 0.0).all()


@pytest.mark.parametrize(
    ("find", "sentence"),
    [
        ("{r(u): {}, s(r): {}}", "a function of the function 'r'"),
        ("{'r(u, t)': {}}", "of coordinates and unknowns at once"),
        ("{r(w): {}}", "'w' is no coordinate and no unknown"),
        ("{r(u): {range: [0, 1]}}", "range and scale are of constants"),
        ("{r(u): {positive: true}}", "positive is of functions of coordinates"),
        ("{r(u): {}, k: {}}", "a constant needs a guess"),
        ("{r(u): {}, a(t): {}}", "holds 'a'; leave it out"),
        ("{a(t): {positive: true, guess: -1}}", "needs more than zero"),
    ],
)
def test_functions_that_cannot_be_found_are_refused_in_one_sentence(tmp_path, find, sentence):
    with pytest.raises(ValueError, match=sentence):
        solved(
            tmp_path,
            f"domain: {{t: [0, 1]}}\nunknowns: [u]\nfind: {find}\nequations: [u_t = r(u)]\n",
            t=np.linspace(0, 1, 9),
            u=np.linspace(0, 1, 9),
        )


def test_a_function_of_an_unknown_that_is_not_measured_is_refused(tmp_path):
    with pytest.raises(ValueError, match="'v' is not measured itself"):
        solved(
            tmp_path,
            "domain: {t: [0, 1]}\nunknowns: [u, v]\nfind: {r(v): {}}\n"
            "equations: [u_t = r(v), v_t = u]\n",
            t=np.linspace(0, 1, 9),
            u=np.linspace(0, 1, 9),
        )


PREY = """
domain: {t: [0, 3.5]}
unknowns: [x, y]
find: {a: 1, b: 1, c: 1, d: 1}
equations: [x_t = a*x - b*x*y, y_t = c*x*y - d*y]
data: [{file: data.npz, unknowns: {x: x, y: y}}]
forecast: {t: 7}
"""


def predator_prey(times):
    def rates(_, y):
        return (1.5 * y[0] - y[0] * y[1], y[0] * y[1] - 3.0 * y[1])

    return solve_ivp(rates, (0.0, 7.0), (1.0, 1.0), "DOP853", times, rtol=1e-12, atol=1e-12).y


@pytest.mark.slow
def test_a_forecast_of_noisy_data_holds_the_truth_in_its_band(tmp_path):
    t, later = np.arange(35) / 10, np.linspace(3.5, 7.0, 15)
    seen = predator_prey(t) + 0.02 * np.random.default_rng(3).standard_normal((2, 35))
    np.savez(tmp_path / "data.npz", t=t, x=seen[0], y=seen[1])
    (tmp_path / "prey.yaml").write_text(PREY)
    solution = pikan.solve(tmp_path / "prey.yaml")
    at_end = np.asarray(solution(t=later[:1]))
    truths = zip("xy", predator_prey(later), strict=True)
    for place, (name, truth) in enumerate(truths):
        one = solution.forecast[name]
        lower, upper = one.band(later)
        assert np.mean((lower <= truth) & (truth <= upper)) > 0.6
        assert np.all(upper - lower < 1.0)
        np.testing.assert_allclose(one(later[:1]), at_end[..., place], rtol=1e-6)
    solution.save(tmp_path / "run")
    assert pikan.load(tmp_path / "run").forecast == solution.forecast


FORECASTS = {
    "forecast: {t: 3}": "needs a moment after the domain, which ends at t = 3.5",
    "forecast: {s: 7}": "name the coordinate, as in forecast: {t: 10}",
    "forecast: {t: soon}": "soon",
}


@pytest.mark.parametrize("written", FORECASTS)
def test_a_forecast_that_cannot_be_is_refused_in_one_sentence(tmp_path, written):
    t = np.arange(35) / 10
    np.savez(tmp_path / "data.npz", t=t, x=t, y=t)
    (tmp_path / "prey.yaml").write_text(PREY.replace("forecast: {t: 7}", written))
    with pytest.raises(SpecError) as caught:
        pikan.solve(tmp_path / "prey.yaml")
    assert FORECASTS[written] in str(caught.value)
    assert "\n" not in str(caught.value)
