"""Rows dealt out to several processes are those of one process."""

import os
import signal
import subprocess
import sys

import pytest
import torch

from pikan import load
from pikan.network.parameters import parameter_vector
from pikan.run import load_interrupted

PROBLEM = """\
name: rod
domain: {x: [0, 1], t: [0, 1]}
unknowns: [u]
equations: [u_t = 0.1*u_xx]
conditions:
  - {where: t = 0, that: u = sin(pi*x)}
  - {where: x = 0, that: u = 0}
  - {where: x = 1, that: u = 0}
  - {where: "x = 0.5, t = 0", that: u = 1}
exact: {u: exp(-0.1*pi^2*t)*sin(pi*x)}
network: {kind: kan, width: [2, 4, 1], basis: chebyshev, degree: 5}
sampling: {interior: {method: sobol, points: 101}, faces: {method: sobol, points: 17}}
"""
# Stages by which rounding grows little: a start that has converged would forget it altogether.
STAGES = {
    "adam": "[adam: {steps: 20, weights: balance}]",
    "lbfgs": "[lbfgs: {steps: 8}]",
    "gauss_newton": "[gauss_newton: {steps: 4}]",
    "wide": "[resample: {points: 20}, gauss_newton: {steps: 2}]",
    "least_squares": "[least_squares]",
}


def started(folder, processes, training, *options):
    """So many processes at work on the problem."""
    (folder / "rod.yaml").write_text(PROBLEM + f"training: {training}\n")
    several = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [sys.executable, *(several if processes > 1 else []), "-m", "pikan", "solve"]
    return subprocess.Popen(
        [*command, "rod.yaml", *options],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def solved(folder, processes, training):
    """What so many processes make of the problem, and what they have printed."""
    out = f"by_{processes}"
    ran = started(folder, processes, training, "--quiet", "--out", out)
    told, said = ran.communicate(timeout=300)
    assert ran.returncode in (0, 3) if processes == 1 else True, said
    return load(folder / out), told


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_two_processes_find_what_one_finds_and_one_of_them_tells_it(tmp_path, stage):
    one, _ = solved(tmp_path, 1, STAGES[stage])
    two, told = solved(tmp_path, 2, STAGES[stage])
    torch.testing.assert_close(
        parameter_vector(two.network), parameter_vector(one.network), rtol=1e-9, atol=1e-9
    )
    assert two.report.stages[-1].loss == pytest.approx(one.report.stages[-1].loss, rel=1e-9)
    assert told.count("rod: ") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"rod.yaml", "by_1", "by_2"}


@pytest.mark.slow
def test_the_time_limit_ends_both_processes(tmp_path):
    solution, _ = solved(tmp_path, 2, "[adam: {steps: 1e7}]\ntime_limit: 0.5")
    assert solution.outcome.kind == "out of budget"
    assert "time limit" in solution.outcome.message


@pytest.mark.slow
def test_ctrl_c_ends_both_processes_with_one_sentence_and_something_to_go_on_from(tmp_path):
    ran = started(tmp_path, 2, "[adam: {steps: 1e7}]", "--out", "out")
    # Plain lines of progress come every few seconds.
    assert any("adam  step" in line for line in ran.stdout)
    # As a terminal does: to torchrun, which hands it on, and to the processes as well.
    os.killpg(ran.pid, signal.SIGINT)
    told, said = ran.communicate(timeout=300)
    assert told.count("rod: interrupted") == 1, said
    assert told.count("`pikan resume out` goes on") == 1
    # torchrun itself says at length that it was interrupted.
    assert "KeyboardInterrupt" not in said
    assert load(tmp_path / "out").outcome.kind == "interrupted"
    assert load_interrupted(tmp_path / "out") is not None
