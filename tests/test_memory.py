"""Training takes no more memory than its budget, however many points there are."""

import json
import subprocess
import sys

import pytest

from tests.bounded import PEAK

PROBLEM = """
domain: {{x: [0, 1], y: [0, 1]}}
unknowns: [u]
equations: [u_xx + u_yy + u^3 = sin(x*y)]
conditions:
  - {{where: boundary, that: u = 0}}
network: {{kind: kan, width: [2, {width}, {width}, 1], basis: chebyshev, degree: 8}}
sampling: {{interior: {{method: sobol, points: {points}}}, faces: {{points: 100}}}}
training: {training}
memory: {memory}
"""
RUN = """
import json, sys
from pathlib import Path
from pikan.run import solve
from pikan.spec.formulas import problem
from pikan.spec.reader import parse_spec

spec, small = (parse_spec(text, "here.yaml", Path()) for text in sys.argv[1:])

def run(spec):
    steps = solve(spec, problem(spec))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value

# What is imported late, and buffers of libraries, are no part of what a run takes.
run(small)
before = peak()
solution = run(spec)
json.dump([peak() - before, [stage.name for stage in solution.report.stages]], sys.stdout)
"""


def taken(points: int, width: int, training: str, memory: int) -> int:
    """By how much a run makes the peak of a process higher [bytes]."""
    texts = [
        PROBLEM.format(points=n, width=width, training=training, memory=memory)
        for n in (points, 100)
    ]
    done = subprocess.run(
        [sys.executable, "-c", PEAK + RUN, *texts], capture_output=True, text=True, check=True
    )
    found, stages = json.loads(done.stdout)
    assert stages == [word.partition(":")[0].strip(" {}[]") for word in training.split("}, ")]
    return found


ADAM, LBFGS = "{adam: {steps: 1}}", "{lbfgs: {steps: 1}}"


@pytest.mark.slow
def test_a_step_of_adam_stays_within_the_memory():
    memory = 60_000_000
    assert taken(20_000, 12, f"[{ADAM}]", memory) < memory


@pytest.mark.slow
def test_without_that_it_would_take_more():
    assert taken(20_000, 12, f"[{ADAM}]", 10**12) > 120_000_000


@pytest.mark.long
def test_a_million_points_and_ten_thousand_parameters_stay_within_the_memory():
    memory = 1_000_000_000
    assert taken(10**6, 33, f"[{ADAM}, {LBFGS}]", memory) < memory
