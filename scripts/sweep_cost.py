"""What a sweep costs beside its runs: checking, waiting, memory, and what a second worker gains.

    python scripts/sweep_cost.py            # a few minutes
    python scripts/sweep_cost.py --runs 12  # longer, and so less shaken by what else is running

The times of runs and of the whole are those of the clock: let nothing else run beside it.
"""

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, process_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pikan.sweeps.plan import SweepPlan

SWEEP = """\
function: {{inputs: {{x: [-1, 1]}}, formula: exp(sin(pi*x))}}
settings:
  network: {{kind: kan, width: [1, 8, 1], basis: chebyshev, degree: 8}}
  training: [adam: {{steps: {steps}}}]
crossed: {{seed: {seeds}}}
fit: {{x: parameters, y: rmse, groups: [seed]}}
"""
STEPS = 2000


def main() -> None:
    """Measures all of it, or one part in a process of its own."""
    parser = argparse.ArgumentParser(description="What a sweep costs beside its runs.")
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--part", choices=("checking", "memory"))
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        if asked.part is None:
            alone("checking")
            alone("memory")
            clocks(Path(folder), asked.runs)
        else:
            parts = {"checking": checking, "memory": memory}
            say(parts[asked.part](written(Path(folder), 1000), Path(folder)))


def alone(part: str) -> None:
    """A part whose time and memory are its own."""
    subprocess.run([sys.executable, __file__, "--part", part], check=True)


def written(folder: Path, runs: int) -> Path:
    """A sweep file of so many runs."""
    file = folder / "cost.yaml"
    file.write_text(SWEEP.format(steps=STEPS, seeds=list(range(runs))))
    return file


def checking(file: Path, _: Path) -> str:
    """The time that checking a plan takes."""
    from pikan.sweeps.plan import read_plan

    runs = len(read_plan(file).variants)
    return f"{runs} planned runs are checked in {process_time():.1f} s, imports among them"


def memory(file: Path, folder: Path) -> str:
    """What the parent takes for runs that have ended; nothing is computed."""
    from pikan.sweeps.executor import JobEvent
    from pikan.sweeps.plan import read_plan
    from pikan.sweeps.record import Job, Measures, Result
    from pikan.sweeps.run import run_sweep

    def ended(tasks: Sequence[Job]) -> Generator[JobEvent, None, None]:
        for task in tasks:
            result = Result("converged", "", Measures(parameters=1.0 + task.run, rmse=1.0))
            yield JobEvent(task.run, result, 1)

    steps = run_sweep(read_plan(file), folder / "out", ended)
    states = sum(1 for _ in steps)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return f"{states} ended runs take {peak:.2f} GiB at most in the parent"


def clocks(folder: Path, runs: int) -> None:
    """The time beside the runs, and what a second worker gains."""
    from pikan.sweeps.plan import read_plan

    plan = read_plan(written(folder, runs))
    took = {workers: clocked(plan, folder / str(workers), workers) for workers in (1, 2)}
    whole, inside = took[1]
    say(
        f"{runs} runs of {inside / runs:.1f} s in one worker: {whole:.1f} s from the first start "
        f"to the last end, {100 * (whole / inside - 1):.1f} % beside the runs"
    )
    say(
        f"two workers: {took[2][0]:.1f} s, {whole / took[2][0]:.2f} times faster, with "
        f"{os.cpu_count()} cores and a load of {os.getloadavg()[0]:.1f} just now"
    )


def clocked(plan: "SweepPlan", folder: Path, workers: int) -> tuple[float, float]:
    """The time from the first start, imports done, to the last end; and that of all runs."""
    from pikan.sweeps.pool import processes
    from pikan.sweeps.run import run_sweep

    steps = run_sweep(plan, folder, processes(workers))
    ends: list[float] = []
    seconds: list[float] = []
    while True:
        try:
            state = next(steps)
        except StopIteration:
            break
        if state.ended is not None:
            ends.append(monotonic())
            seconds.append(state.ended.result.measures.seconds)
    # The first run of each worker pays for its imports: what came before its end is its own time.
    return ends[-1] - ends[0] + seconds[0], sum(seconds)


def say(line: str) -> None:
    """A line at once."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
