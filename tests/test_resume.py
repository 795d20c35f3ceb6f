"""A run that was interrupted goes on to the bits that it would have come to."""

import os
import random
from dataclasses import replace

import pytest
import torch

from pikan import checkpointer
from pikan.report.report import Seconds
from pikan.results import load
from pikan.run import continue_run, load_interrupted, resume, solve
from pikan.spec.formulas import problem
from pikan.storage.checkpoint import write_checkpoint
from pikan.storage.file import ArchiveError
from tests.stated import finish, spec
from tests.test_run import FISHER, HEAT, POINTS, RUNS

FOUR = """
domain: {x1: [0, 1], x2: [0, 1], x3: [0, 1], x4: [0, 1]}
unknowns: [u]
equations: [laplacian(u) = -sin(x1 + x2)*exp(x3)]
conditions: [{where: boundary, that: u = x1*x4 + cos(x2)}]
accuracy: 1e-2
"""
BURGERS = """
domain: {x: [-1, 1], t: [0, 0.1]}
unknowns: [u]
equations: [u_t + u*u_x = 0.05*u_xx]
conditions: [{where: t = 0, that: u = -sin(pi*x)}, {where: boundary, that: u = 0}]
accuracy: 1e-3
"""
NONLINEAR = """
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_xx = u^3 - exp(x)]
conditions: [{where: x = 0, that: u = 0}, {where: x = 1, that: u = 1}]
accuracy: 1e-6
"""
LONG = (
    HEAT
    + """
sampling: {interior: {method: sobol, points: 64}, faces: {method: uniform, points: 8}}
training:
  - adam: {steps: 20, lr: 0.01, weights: balance}
  - resample: {}
  - ssbroyden: {steps: 9}
  - refine: {grid: 6, adapt: true}
  - lbfgs: {steps: 9, weights: attention}
  - gauss_newton: {steps: 5}
  - least_squares
network: {kind: kan, width: [2, 3, 1], grid: 3}
"""
)
THIN = (
    BURGERS.replace("0.05", "nu")
    + """
constants: {nu: 0.05}
network: {kind: kan, width: [2, 3, 1], degree: 3, basis: chebyshev, conditions: built_in}
sampling: {interior: {method: sobol, points: 40}}
training:
  - continuation: {constant: nu, factors: [4, 2], steps: 3, redraw: {every: 2}}
  - gauss_newton: {steps: 7, geodesic: true, memory: 0.9, redraw: {every: 3, points: 60}}
"""
)
CASES = {
    **RUNS,
    "all stages": LONG,
    "redrawn": THIN,
    "burgers": BURGERS,
    "climb, newton": NONLINEAR,
}
SLOWER = ("march", "all stages", "windows", "redrawn", "burgers", "climb, newton")
SLOW = {"four": FOUR, "fine march": FISHER.replace("1e-2", "1e-5")}


def begun(name, folder=None, every=60.0):
    given = spec({**CASES, **SLOW}[name])
    return solve(given, problem(given), folder, every)


def plain(solution):
    """A solution as it is compared: everything but the time and the file that it came from."""
    history = [record._replace(seconds=0.0) for record in solution.history]
    stages = tuple(replace(stage, seconds=0.0) for stage in solution.report.stages)
    timeless = replace(solution.report, seconds=Seconds(0.0, 0.0), stages=stages)
    report = replace(timeless, date="", file="")
    return history, report, solution.spec, solution.outcome


def same(one, other):
    points = POINTS.repeat(1, 2)[:, : len(one.problem.coordinates)]
    states = one.network.state_dict(), other.network.state_dict()
    assert states[0].keys() == states[1].keys()
    for name in states[0]:
        assert torch.equal(states[0][name], states[1][name]), name
    assert torch.equal(one.network(points), other.network(points))
    assert plain(one) == plain(other)


def stopped(steps, at):
    """What a run leaves that is interrupted after so many steps; None before any solution."""
    for _ in range(at):
        next(steps)
    try:
        steps.throw(KeyboardInterrupt)
    except StopIteration as end:
        return end.value
    except KeyboardInterrupt:
        return None


def interrupt_and_compare(name, folder, times):
    states, whole = finish(begun(name))
    for trial in range(times):
        place = folder / str(trial)
        at = random.Random(f"{name} {trial}").randint(1, len(states))
        stopped(begun(name, place), at)
        again, resumed = finish(continue_run(load_interrupted(place), place))
        assert len(again) == len(states) - at
        same(resumed, whole)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n in SLOWER else ()) for n in CASES]
)
def test_a_run_goes_on_from_any_step_to_the_same_bits(name, tmp_path):
    interrupt_and_compare(name, tmp_path, 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_a_long_run_goes_on_from_any_step_to_the_same_bits(name, tmp_path):
    interrupt_and_compare(name, tmp_path, 4)


def refuse(opened):
    raise OSError(28, "No space left on device")


def test_a_disk_that_is_full_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpointer, "SHARE", 1e9)
    steps = begun("kan", tmp_path, every=0.0)
    for _ in range(4):
        next(steps)
    kept = load_interrupted(tmp_path).checkpoint.clock.step
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match=r"No space left on device: '.*run\.h5'"):
        finish(steps)
    assert load_interrupted(tmp_path).checkpoint.clock.step == kept


def test_a_run_killed_while_it_leaves_its_results_goes_on_and_leaves_all(tmp_path, monkeypatch):
    steps = begun("kan", tmp_path, every=0.0)
    _, solution = finish(steps)
    assert load_interrupted(tmp_path) is not None

    class Killed(BaseException):
        pass

    def kill(contents):
        for path, content in contents.items():
            path.with_name(f".{path.name}.0123abcd").write_bytes(content[:9])
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("pikan.storage.file.write_together", kill)
        with pytest.raises(Killed):
            solution.keep(tmp_path)
    _, resumed = finish(continue_run(load_interrupted(tmp_path), tmp_path))
    resumed.keep(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"run.h5", "report.json", "problem.yaml"}
    assert load_interrupted(tmp_path) is None
    same(resumed, solution)


def test_a_disk_that_is_full_leaves_all_of_an_earlier_result(tmp_path, monkeypatch):
    (_, earlier), (_, later) = finish(begun("kan")), finish(begun("climb"))
    earlier.keep(tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match=r"No space left on device: '.*run\.h5'"):
        later.keep(tmp_path, replace=True)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_run_that_has_ended_is_not_gone_on_with(tmp_path):
    _, solution = finish(begun("climb"))
    solution.save(tmp_path)
    assert load_interrupted(tmp_path) is None
    same(resume(tmp_path), solution)


def test_an_interrupted_solution_can_be_seen_and_gone_on_with(tmp_path):
    _, whole = finish(begun("kan"))
    solution = stopped(begun("kan", tmp_path), 3)
    solution.save(tmp_path)
    assert load(tmp_path).outcome.kind == "interrupted"
    same(resume(tmp_path), whole)


def test_a_new_run_leaves_nothing_of_the_one_whose_archive_it_replaces(tmp_path):
    _, whole = finish(begun("climb", tmp_path))
    files = whole.save(tmp_path)
    stopped(begun("march", tmp_path), 1)
    assert [path.name for path in files if path.exists()] == ["run.h5"]
    assert load_interrupted(tmp_path) is not None


def test_other_threads_and_versions_are_refused_in_one_sentence(tmp_path, monkeypatch):
    stopped(begun("kan", tmp_path), 3)
    found = load_interrupted(tmp_path)
    more = replace(found.checkpoint, threads=found.checkpoint.threads + 1)
    with pytest.raises(ArchiveError, match=r"^[^\n]*torch.set_num_threads[^\n]*$"):
        next(continue_run(found._replace(checkpoint=more), tmp_path))
    other = replace(found.checkpoint, versions=replace(found.checkpoint.versions, torch="1.0"))
    write_checkpoint(tmp_path / "run.h5", other)
    with pytest.raises(ArchiveError, match=r"^[^\n]*torch 1\.0 [^\n]* solve the problem anew$"):
        load_interrupted(tmp_path)


def test_a_run_that_has_no_solution_yet_is_kept_all_the_same(tmp_path):
    assert stopped(begun("march", tmp_path), 2) is None
    with pytest.raises(ArchiveError, match="has not ended; `pikan resume` goes on with it"):
        load(tmp_path)
    assert resume(tmp_path).outcome.kind == "converged"


def test_a_time_limit_given_to_one_resume_holds_for_that_alone(tmp_path):
    _, whole = finish(begun("kan"))
    stopped(begun("kan", tmp_path), 3)
    found = load_interrupted(tmp_path)
    soon = found._replace(spec=found.spec.model_copy(update={"time_limit": 1e-9}))
    _, cut = finish(continue_run(soon, tmp_path))
    assert cut.outcome.kind == "out of budget"
    assert cut.spec == whole.spec
    assert load_interrupted(tmp_path).spec.time_limit is None
    same(resume(tmp_path), whole)
