"""Measure what checkpoints cost: their size, their share of training, and the time to read them.

    python scripts/checkpoint_cost.py

The share is that of one checkpoint among the default interval between two; more frequent ones are
put off until they cost less than the share that `pikan.run` allows.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from pikan import checkpointer, run
from pikan.spec import formulas, reader
from pikan.storage.checkpoint import read_checkpoint, write_checkpoint
from pikan.storage.file import FILE
from pikan.storage.run_archive import network, read_run

PROBLEMS = Path(__file__).parents[1] / "problems"
STEPS, REPEATS = 200, 5


def measured(name: str, folder: Path) -> str:
    """A line on the checkpoints of a shipped problem, after some steps."""
    spec = reader.read_spec(PROBLEMS / f"{name}.yaml")
    steps = run.solve(spec, formulas.problem(spec), folder, every=0.0)
    for _, _ in zip(range(STEPS), steps, strict=False):
        pass
    kept = read_checkpoint(folder / FILE)
    assert kept is not None
    write = quickest(lambda: write_checkpoint(folder / FILE, kept))
    load = quickest(lambda: read_checkpoint(folder / FILE))
    size = (folder / FILE).stat().st_size
    share = write / checkpointer.EVERY
    return (
        f"{name:28} {size / 1e3:8.1f} kB  {write * 1e3:6.1f} ms  {share:.3%}  {load * 1e3:6.1f} ms"
    )


def quickest(work: Callable[[], object]) -> float:
    """The least time that something takes of some tries [s]."""
    times = list[float]()
    for _ in range(REPEATS):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return min(times)


def finished(name: str, folder: Path) -> str:
    """A line on the archive of a shipped problem that has been solved."""
    run.solve_to_end(PROBLEMS / f"{name}.yaml").save(folder)
    load = quickest(lambda: network(read_run(folder / FILE)))
    size = (folder / FILE).stat().st_size
    return f"{name}, solved: {size / 1e3:.1f} kB, opened in {load * 1e3:.1f} ms"


def main() -> None:
    """Print a line for each kind of training, and one for a run that has ended."""
    print("problem                              size      write   share       read")
    with tempfile.TemporaryDirectory() as place:
        for name in ("classical/burgers_bspline", "heat_2d", "burgers", "poisson_5d"):
            print(measured(name, Path(place, name)))
        print(finished("poisson", Path(place, "poisson")))


if __name__ == "__main__":
    main()
