"""A run is a function of its problem file, touches nothing else and always comes back."""

import copy
import itertools
import json
import math
import random
import re
from dataclasses import replace
from functools import cache
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
import torch

import pikan
from pikan import monitor, run
from pikan.files.json_text import to_json
from pikan.run import solve
from pikan.solvers.time_marching import march as marching
from pikan.spec.faults import SpecError
from pikan.spec.formulas import problem
from pikan.spec.writer import dump
from pikan.storage.file import ArchiveError
from tests.stated import finish, spec

HEAT = """
name: rod
domain: {x: [0, 1], t: [0, 1]}
constants: {alpha: 0.1}
unknowns: [u]
equations: [u_t = alpha*u_xx]
conditions: [{where: t = 0, that: u = sin(pi*x)}, {where: boundary, that: u = 0}]
exact: {u: exp(-alpha*pi^2*t)*sin(pi*x)}
"""
SHORT = """
sampling: {interior: {method: sobol, points: 64}, faces: {method: uniform, points: 8}}
training: [adam: {steps: 8, lr: 0.01}, resample: {}, lbfgs: {steps: 6}]
"""
FISHER = """
domain: {x: [-2, 2], t: [0, 0.2]}
unknowns: [u]
equations: [u_t = u_xx + u*(1 - u)]
conditions:
  - {where: t = 0, that: u = (1 + exp(x/sqrt(6)))^(-2)}
  - {where: boundary, that: u = (1 + exp((x - 5*t/sqrt(6))/sqrt(6)))^(-2)}
accuracy: 1e-2
"""
RUNS = {
    "climb": HEAT,
    "march": FISHER,
    "kan": HEAT + SHORT + "network: {kind: kan, width: [2, 4, 1], grid: 4}\n",
    "mlp": HEAT + SHORT + "network: {kind: mlp, width: [2, 5, 1]}\n",
    "low rank": HEAT + SHORT + "network: {kind: product, rank: 2, degree: 4}\n",
    "windows": HEAT + SHORT + "network: {kind: kan, width: [2, 3, 1], grid: 3, windows: 2}\n",
    "product": HEAT + "network: {kind: product, degree: 6}\n",
}
POINTS = torch.rand(64, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def started(text, **settings):
    given = spec(text, **settings)
    return solve(given, problem(given))


def values(solution):
    return solution.network(POINTS.to(next(solution.network.parameters())))


@pytest.fixture(scope="module")
def first():
    """The solution of each run, made once; none of these tests changes it."""
    return cache(lambda name: pikan.solve(spec(RUNS[name])))


@pytest.mark.parametrize("name", ["climb", "low rank", "windows"])
def test_one_seed_gives_the_same_bits_whatever_the_generators_stand_at(first, name):
    once = first(name)
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002  the global generator is the one not to be used
    random.seed(99)
    again = pikan.solve(spec(RUNS[name]))
    assert torch.equal(values(once), values(again))
    assert once.report.errors == again.report.errors
    assert once.report.residuals == again.report.residuals


@pytest.mark.parametrize("name", ["kan", "mlp", "low rank"])
def test_another_seed_gives_another_start(first, name):
    one, other = first(name), pikan.solve(spec(RUNS[name], seed=1))
    assert not torch.allclose(values(one), values(other), rtol=1e-6)


@pytest.mark.parametrize("name", ["march", "kan"])
def test_nothing_global_is_touched(name, tmp_path):
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    settings = (torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled())
    drawing, errors = dict(mpl.rcParams), np.geterr()
    pikan.solve(spec(RUNS[name])).save(tmp_path)
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002
    now = (torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled())
    assert settings == now
    assert drawing == dict(mpl.rcParams)
    assert errors == np.geterr()


def test_pythons_own_generator_is_never_asked(root):
    # Its state tells nothing here: the checks of types in these tests draw from it.
    files = (root / "pikan").rglob("*.py")
    assert not [
        file for file in files if re.search(r"^\s*(import|from) random\b", file.read_text())
    ]


@pytest.mark.parametrize("name", RUNS)
def test_a_saved_run_loads_as_the_same_solution(first, name, tmp_path):
    solution = first(name)
    solution.save(tmp_path)
    loaded = pikan.load(tmp_path)
    assert torch.equal(values(loaded), values(solution))
    asked = solution.partial("u_xx", POINTS.numpy())
    np.testing.assert_array_equal(loaded.partial("u_xx", POINTS.numpy()), asked)
    assert loaded.report == solution.report
    assert loaded.outcome == solution.outcome
    for kept, record in zip(loaded.history, solution.history, strict=True):
        assert kept._replace(blocks=()) == record._replace(blocks=())
        assert dict(kept.blocks) == dict(record.blocks)
    assert loaded.spec == solution.spec


@pytest.mark.parametrize("name", ["kan", "windows", "climb"])
def test_an_interruption_leaves_the_best_so_far(name):
    steps = started(RUNS[name])
    for _ in range(2):
        next(steps)
    with pytest.raises(StopIteration) as ended:
        steps.throw(KeyboardInterrupt)
    solution = ended.value.value
    assert solution.outcome.kind == solution.report.outcome == "interrupted"
    assert np.isfinite(solution(x=0.5, t=0.5))
    assert solution.errors["u"].relative_l2 < 10


def test_an_interruption_keeps_the_other_solutions_and_claims_no_error():
    steps = started(
        """
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_xx + 2*exp(u) = 0]
conditions: [{where: boundary, that: u = 0}]
"""
    )
    while not next(steps).level.startswith("degree"):
        pass
    with pytest.raises(StopIteration) as ended:
        steps.throw(KeyboardInterrupt)
    report = ended.value.value.report
    assert report.outcome == "interrupted"
    assert report.estimate is None
    assert "2 solutions were found" in report.message
    (other,) = report.alternatives
    # u = -2 log(cosh(theta (x - 1/2)/2) / cosh(theta/4)) with theta = 2 cosh(theta/4), the larger.
    assert other.middle["u"] == pytest.approx(2 * np.log(np.cosh(8.5071995707130261 / 4)), rel=1e-2)


def test_an_interruption_before_there_is_anything_goes_through():
    steps = started(RUNS["march"])
    next(steps)
    with pytest.raises(KeyboardInterrupt):
        steps.throw(KeyboardInterrupt)
    begun = started(RUNS["kan"])
    with pytest.raises(KeyboardInterrupt):
        begun.throw(KeyboardInterrupt)


@pytest.mark.parametrize("name", ["kan", "windows"])
def test_the_time_limit_ends_a_run_with_what_there_is(clock, name):
    text = RUNS[name].replace("steps: 8,", "steps: 1000000,")
    solution = pikan.solve(spec(text, time_limit=30))
    assert solution.outcome.kind == "out of budget"
    assert "30 s" in solution.outcome.message
    assert solution.report.seconds.training > 30
    assert np.isfinite(solution(x=0.5, t=0.5))
    assert solution.history[-1].step > 1


@pytest.mark.parametrize("degree", [4, 6, 8, 10])
def test_what_no_level_was_compared_with_has_an_estimate_all_the_same(degree):
    text = HEAT + f"network: {{kind: product, degree: {degree}}}\n"
    report = pikan.solve(spec(text)).report
    assert report.estimate is not None
    assert "what is left of" in report.estimate.how
    error = report.errors["u"].relative_l2
    assert error < 10 * report.estimate.relative_l2
    assert report.estimate.relative_l2 < 100 * error


@pytest.mark.parametrize("stage", ["least_squares", "gauss_newton"])
def test_what_holds_at_its_points_only_has_not_converged(stage):
    text = """
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [laplacian(u) = 1]
conditions: [{where: boundary, that: u = 0}]
network: {kind: product, rank: full, degree: 12}
sampling: {interior: {points: 5}, faces: {points: 2}}
"""
    solution = pikan.solve(spec(text, training=f"[{stage}]"))
    assert solution.outcome.kind == "stalled"
    assert "more points" in solution.outcome.message
    assert solution.report.estimate is None


def test_the_least_residual_is_no_solution_where_it_is_large():
    solution = pikan.solve(
        spec(HEAT + "network: {kind: kan, width: [2, 3, 1]}\ntraining: [least_squares]\n")
    )
    assert solution.outcome.kind == "stalled"
    assert "of its terms; use more points or parameters" in solution.outcome.message


LINE = """
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_xx = EQUATION]
conditions: [{where: x = 0, that: LEFT}, {where: x = 1, that: RIGHT}]
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("1", "u_n = 0", "u_n = 0"), "do not balance"),
        (("cos(pi*x)", "u_n = 0", "u_n = 0"), "a condition is missing"),
    ],
    ids=["unbalanced", "open"],
)
def test_conditions_that_determine_nothing_have_no_good_estimate(words, said):
    text = LINE
    for name, word in zip(("EQUATION", "LEFT", "RIGHT"), words, strict=True):
        text = text.replace(name, word)
    report = pikan.solve(spec(text)).report
    assert report.outcome == "stalled"
    assert said in report.message
    assert report.estimate is None


def test_an_exact_solution_that_is_none_is_refused():
    with pytest.raises(SpecError, match="exact: the exact solution does not satisfy 'equation'"):
        pikan.solve(spec(HEAT.replace("u_t = alpha", "u_t = -alpha")))


def test_what_leaves_about_all_of_its_equation_has_no_estimate():
    text = RUNS["kan"].replace("steps: 8,", "steps: 1,").replace("steps: 6", "steps: 1")
    assert pikan.solve(spec(text)).report.estimate is None


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by a second whenever a run looks at it."""
    seconds = itertools.count()
    monkeypatch.setattr(monitor, "monotonic", lambda: float(next(seconds)))


KNOWN = FISHER + "exact: {u: (1 + exp((x - 5*t/sqrt(6))/sqrt(6)))^(-2)}\n"


def test_a_march_that_runs_late_ends_with_its_finished_windows(clock):
    solution = pikan.solve(spec(KNOWN, accuracy=1e-12, time_limit=30))
    assert solution.outcome.kind == "out of budget"
    assert 0 < solution.end < 0.2
    assert f"solved until t = {solution.end:.6g} and nan from there on" in solution.outcome.message
    assert f"solved until t = {solution.end:.4g}, u to " in repr(solution)
    assert np.isfinite(solution(x=0.0, t=0.0))


@pytest.mark.parametrize("kept", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_beyond_the_end_of_a_march_a_solution_is_nan(clock, tmp_path, kept):
    solution = pikan.solve(spec(KNOWN, accuracy=1e-12, time_limit=30))
    if kept:
        solution.save(tmp_path)
        solution = pikan.load(tmp_path)
    times = np.array([0.0, solution.end, solution.end * (1 + 1e-9), 0.2])
    for found in (solution(x=0.5, t=times), solution.partial("u_xt", x=0.5, t=times)):
        assert np.isfinite(found).tolist() == [True, True, False, False]
    where = torch.tensor([[0.5, 0.0], [0.5, 0.2]], dtype=torch.float64, requires_grad=True)
    found = solution(where)
    assert found.isfinite().tolist() == [True, False]
    found[0].backward()
    assert where.grad.isfinite().all()
    (field,) = solution.fields()
    solved = field.grids[1] <= solution.end
    for values in (field.solution, field.residual):
        assert np.isfinite(values[:, solved]).all()
        assert np.isnan(values[:, ~solved]).all()
    assert solution.plot().png.startswith(b"\x89PNG")


def test_errors_and_residuals_of_a_march_that_was_cut_go_as_far_as_it_came(clock):
    solution = pikan.solve(spec(KNOWN, accuracy=1e-12, time_limit=30))
    # To the end of time the first windows would be off by a tenth.
    assert solution.errors["u"].relative_l2 < 1e-6
    assert max(solution.report.residuals.values()) < 1e-3


def test_a_window_that_was_given_up_is_no_part_of_the_solution(monkeypatch):
    # At u = 1/(1 - t) windows become shorter and shorter, and this soon is short enough.
    monkeypatch.setattr(marching, "_SHORTEST", 0.05)
    pole = "domain: {t: [0, 2]}\nunknowns: [u]\nequations: [u_t = u^2]\n"
    pole += "conditions: [{where: t = 0, that: u = 1}]\nexact: {u: 1/(1 - t)}\naccuracy: 1e-5\n"
    solution = pikan.solve(spec(pole))
    assert f"no time slab after t = {solution.end:.6g} is short enough" in solution.outcome.message
    assert solution.errors["u"].relative_l2 < 1e-4


def test_data_beyond_the_end_of_a_march_are_not_compared(clock, tmp_path):
    x, t = np.linspace(-2, 2, 5), np.linspace(0, 0.2, 11)
    u = (1 + np.exp((x[:, None] - 5 * t / np.sqrt(6)) / np.sqrt(6))) ** -2.0
    np.savez(tmp_path / "fisher.npz", x=x, t=t, u=u)
    told = "reference: {file: fisher.npz, coordinates: {x: x, t: t}, unknowns: {u: u}}\n"
    (tmp_path / "fisher.yaml").write_text(FISHER.replace("1e-2", "1e-12") + told)
    solution = pikan.solve(tmp_path / "fisher.yaml", time_limit=30)
    assert solution.errors["u"].points == 5 * np.count_nonzero(t <= solution.end)
    assert solution.errors["u"].relative_l2 < 1e-6


def test_the_formula_of_a_march_that_was_cut_is_one_until_its_end(clock):
    decay = "domain: {t: [0, 9]}\nunknowns: [u]\nequations: [u_t = -u^2]\n"
    decay += "conditions: [{where: t = 0, that: u = 1}]\naccuracy: 1e-9\n"
    solution = pikan.solve(spec(decay, time_limit=30))
    assert solution.end < 9
    assert solution.formula().found


def test_a_run_whose_time_is_over_before_there_is_anything_says_so(clock):
    with pytest.raises(run.UnfinishedError, match="the time limit of 2 s was over before"):
        pikan.solve(spec(FISHER, time_limit=2))


def test_progress_says_where_a_run_stands():
    states, solution = finish(started(RUNS["kan"]))
    adam = [one for one in states if one.stage == "adam"]
    # Random functions of the size of the solution are about as far from it as it is large.
    assert 0.1 < states[0].error < 10
    assert [one.step for one in adam] == list(range(9))
    assert {one.steps for one in adam} == {8}
    assert all(one.seconds <= later.seconds for one, later in pairwise(states))
    for one in states:
        assert one.blocks.keys() == {"equation", "t = 0", "boundary"}
        assert 2 * one.loss == pytest.approx(sum(one.blocks.values()), rel=1e-12)
        assert one.level == ""
        assert (one.remaining is None) == (one.step == 0)
    assert adam[-1].remaining == 0.0
    # Measured at the first step and the last, and blank at those that follow within a second.
    assert adam[-1].error is not None
    assert any(one.error is None for one in adam) or adam[-1].seconds > 1
    assert states[-1].loss == solution.history[-1].loss


def test_the_error_shown_is_that_of_the_solution_on_other_points():
    states, solution = finish(started(RUNS["climb"]))
    # The level that comes back may have been solved at once, with no step to show.
    assert states[-1].error is None or states[-1].error >= solution.errors["u"].relative_l2 / 2
    assert solution.errors["u"].points == 164**2


def test_the_error_of_a_march_is_that_of_the_windows_it_has_solved(monkeypatch):
    monkeypatch.setattr(monitor, "_UNMEASURED", 1)
    known = "exact: {u: (1 + exp((x - 5*t/sqrt(6))/sqrt(6)))^(-2)}\n"
    states, _ = finish(started(RUNS["march"] + known))
    measured = [one.error for one in states if one.error is not None]
    # Continued to the end, the first windows are off by a tenth.
    assert len(measured) > 10
    assert max(measured) < 1e-4


def test_levels_are_named_by_what_they_refine():
    climbed, _ = finish(started(RUNS["climb"]))
    assert all(one.level.startswith("degree ") for one in climbed)
    marched, _ = finish(started(RUNS["march"]))
    assert marched[0].level.startswith("t = 0 to ")
    windows, _ = finish(started(RUNS["windows"]))
    assert list(dict.fromkeys(one.level for one in windows)) == ["t = 0 to 0.5", "t = 0.5 to 1"]


def test_the_history_keeps_every_stage_from_its_start_to_its_end():
    states, solution = finish(started(RUNS["kan"]))
    assert [stage.name for stage in solution.report.stages] == ["adam", "lbfgs"]
    assert [record.stage_index for record in solution.history[:1]] == [0]
    last = [record for record in solution.history if record.stage == "adam"][-1]
    assert last.loss == [one.loss for one in states if one.stage == "adam"][-1]
    assert solution.history[0].step == 0


@pytest.mark.parametrize("name", ["climb", "march", "windows"])
def test_float32_is_kept_to_the_end(name, tmp_path):
    accuracy = {} if "accuracy" in RUNS[name] else {"accuracy": 1e-4}
    solution = pikan.solve(spec(RUNS[name], dtype="float32", **accuracy))
    assert {p.dtype for p in solution.network.parameters()} == {torch.float32}
    assert solution(POINTS.numpy()).dtype == np.float64
    if name == "climb":
        assert solution.errors["u"].relative_l2 < 1e-3
    solution.save(tmp_path)
    assert torch.equal(values(pikan.load(tmp_path)), values(solution))


def test_a_path_a_text_of_a_path_and_a_spec_are_solved_alike(tmp_path):
    file = tmp_path / "rod.yaml"
    file.write_text(HEAT, encoding="utf-8")
    ways = [pikan.solve(file), pikan.solve(str(file)), pikan.solve(spec(HEAT))]
    assert all(torch.equal(values(ways[0]), values(other)) for other in ways[1:])
    assert {way.problem.name for way in ways} == {"rod"}


def test_settings_take_the_place_of_the_files(tmp_path):
    file = tmp_path / "rod.yaml"
    file.write_text(HEAT, encoding="utf-8")
    for given in (file, spec(HEAT)):
        solution = pikan.solve(given, accuracy=1e-3, seed=5, **{"constants.alpha": 0.2})
        assert solution.problem.constants["alpha"] == 0.2
        assert solution.report.seed == 5
        assert "accuracy: 0.001" in solution.spec
        assert solution.errors["u"].relative_l2 < 1e-3
    with pytest.raises(SpecError, match="accuracie"):
        pikan.solve(file, accuracie=1e-3)
    with pytest.raises(SpecError):
        pikan.solve(tmp_path / "nowhere.yaml")


def test_the_residuals_of_the_report_are_those_of_the_formulas(first):
    solution = first("kan")
    points = np.random.default_rng(0).random((4000, 2))
    left = solution.partial("u_t", points) - 0.1 * solution.partial("u_xx", points)
    found = solution.report.residuals
    # Two independent samples of thousands of points.
    assert found["equation"] == pytest.approx(float(np.sqrt(np.mean(left**2))), rel=0.1)
    start = points * [1, 0]
    wrong = solution(start) - np.sin(math.pi * start[:, 0])
    assert found["t = 0"] == pytest.approx(float(np.sqrt(np.mean(wrong**2))), rel=0.2)


def test_the_report_counts_what_was_made(first):
    solution = first("windows")
    report = solution.report
    assert report.network.kind == "kan, 2 time slabs"
    # Edges of a layer hold 4 + 2 splines and the base function.
    assert report.network.parameters == 2 * (2 * 3 + 3 * 1) * (3 + 3 + 1)
    assert report.seconds.training <= report.seconds.total
    assert report.threads == torch.get_num_threads()
    assert json.loads(to_json(report))["problem"] == "rod"


def test_a_device_that_is_not_there_is_refused_before_anything_begins():
    from pikan.network_factory import DeviceError

    with pytest.raises(DeviceError, match="cuda:99"):
        pikan.solve(spec(HEAT), device="cuda:99")


def test_a_run_that_diverges_at_once_is_a_solution_that_says_so():
    text = HEAT.partition("exact")[0].replace("sin(pi*x)}", "exp(500*x)}") + SHORT
    solution = pikan.solve(spec(text))
    assert solution.outcome.kind == "diverged"
    assert "t = 0" in solution.outcome.message


def test_the_time_left_is_left_out_where_other_levels_follow():
    states, _ = finish(started(RUNS["climb"]))
    assert all(one.remaining is None for one in states)


@pytest.mark.parametrize("listed", [True, False])
def test_a_run_that_was_compared_with_data_can_be_read_and_solved_again(tmp_path, listed):
    x, t = np.linspace(0, 1, 7), np.linspace(-0.5, 1, 5)
    grid = np.meshgrid(x, t, indexing="ij")
    u = np.sin(np.pi * grid[0])
    kept = {"a": grid[0], "b": grid[1], "c": u} if listed else {"a": x, "b": t, "c": u}
    np.savez(tmp_path / "given.npz", **kept)
    reference = "reference: {file: given.npz, coordinates: {x: a, t: b}, unknowns: {u: c}}\n"
    (tmp_path / "rod.yaml").write_text(HEAT.partition("exact")[0] + reference)
    first = pikan.solve(tmp_path / "rod.yaml")
    first.save(tmp_path / "results")
    again = pikan.solve(tmp_path / "results" / "problem.yaml")
    assert pikan.load(tmp_path / "results").problem.exact.points.shape == (21, 2)
    assert again.errors == first.errors
    assert again.spec == first.spec


def test_what_is_no_problem_file_is_refused_in_a_sentence():
    with pytest.raises(TypeError):
        pikan.solve(3)


def test_a_network_that_is_not_one_of_its_problem_is_refused(first, tmp_path):
    solution = first("climb")
    other = spec(
        HEAT.replace("unknowns: [u]", "unknowns: [u, v]").replace(
            "equations: [", "equations: [v_x = 0, "
        )
    )
    replace(solution, spec=dump(other)).keep(tmp_path)
    with pytest.raises(ArchiveError, match="2 coordinates and 1 unknowns, and its problem has"):
        pikan.load(tmp_path)


def test_a_solution_that_is_not_finite_has_no_formula(first):
    solution = first("product")
    broken = copy.deepcopy(solution.network)
    with torch.no_grad():
        broken.coefficients.fill_(math.nan)
    found = replace(solution, network=broken).formula()
    assert not found.found
    assert list(found.lines()) == ["u: no short formula comes within 0.0001"]


BY_HAND = HEAT + "network: {kind: product, degree: DEGREE}\ntraining: [least_squares]\n"


@pytest.mark.parametrize(
    ("degree", "settings", "kind"),
    [
        (4, {}, "finished"),
        (4, {"accuracy": 1e-8}, "finished"),
        (4, {"accuracy": 1e-1}, "converged"),
        (16, {}, "finished"),
        (16, {"accuracy": 1e-8}, "converged"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_a_schedule_by_hand_converges_to_an_accuracy_and_else_comes_to_its_end(
    degree, settings, kind, known
):
    text = BY_HAND.replace("DEGREE", str(degree))
    text = text if known else re.sub("exact: .*", "", text)
    solution = pikan.solve(spec(text, **settings))
    assert solution.outcome.kind == solution.report.outcome == kind
