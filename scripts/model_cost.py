"""What fitting a KAN costs and reaches, beside pykan on the same work, in one run.

The function is exp(sin(pi x) + y^2) on [-1, 1]^2, in float64 on one thread; times are of the
processor. Three tables: 50 steps of L-BFGS on [2, 5, 1] with 5 cubic cells at 1,000 points, beside
pykan 0.2.8 after `speed()` where `--pykan-python` names the interpreter of an environment that has
it; Levenberg-Marquardt on the same, then on finer grids; and the error of [2, 1, 1] at 4,000 points
as its grid is refined until it is below 1e-9, with the exponent of its fall. Errors are those at
1,000 other points.

A step of L-BFGS is what `fit` counts: in pikan ten line searches, each of an evaluation or a few;
in pykan 20 line searches at most, and 25 evaluations at which no further one is begun.

    python scripts/model_cost.py --pykan-python ~/pykan/bin/python --into results/model_cost
"""

import argparse
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import log, nan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, cast

import torch
from torch import Tensor

import pikan
from benchmarks.timing import timed

GRIDS = (3, 5, 10, 20, 50, 100, 200, 300)
ENOUGH = 1e-9

AS_PYKAN = """
import json, sys, time, torch
from kan import KAN, create_dataset
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
f = lambda x: torch.exp(torch.sin(torch.pi * x[:, [0]]) + x[:, [1]] ** 2)
dataset = create_dataset(f, n_var=2)
model = KAN(width=[2, 5, 1], grid=5, k=3, seed=int(sys.argv[1]), auto_save=False).speed()
began = time.process_time()
history = model.fit(dataset, opt="LBFGS", steps=int(sys.argv[2]))
print(json.dumps([time.process_time() - began, float(history["test_loss"][-1])]))
"""


class Descent(NamedTuple):
    """Seconds and test RMSE of L-BFGS here and there, not a number where pykan was not run.

    `ratio` is there over here, `reached` the step here after which pykan's error was reached.
    """

    seed: int
    seconds: float
    error: float
    pykan_seconds: float
    pykan_error: float
    ratio: float
    reached: int | None


class LeastSquares(NamedTuple):
    """Seconds and test RMSE of Levenberg-Marquardt on one grid, from the grid before."""

    width: str
    seed: int
    grid: int
    seconds: float
    error: float


class Refined(NamedTuple):
    """The test RMSE on a grid, and the exponent of its fall from the grid before."""

    grid: int
    error: float
    exponent: float


def main() -> None:
    """Measure what the command line asks for, print the tables and write them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pykan-python", type=Path, help="an interpreter that can import kan")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--into", type=Path, default=Path("results/model_cost"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    descents, refined = list(lbfgs(arguments)), list(law())
    squares = list(levenberg_marquardt(arguments.seeds))
    text = f"""# What fitting a KAN costs and reaches

## L-BFGS, {arguments.steps} steps, [2, 5, 1], grid 5, k 3

{table(descents)}
## Levenberg-Marquardt, 200 steps a grid, and [2, 1, 1], as if pruned

{table(squares)}
## Grid extension, [2, 1, 1], Levenberg-Marquardt

{table(refined)}
Exponent over all: {exponent(refined):.2f}
"""
    print(text)
    rows = [row._asdict() for row in (*descents, *squares, *refined)]
    arguments.into.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    arguments.into.with_suffix(".md").write_text(text, encoding="utf-8")


def formula(x: Tensor) -> Tensor:
    """What is to be learned."""
    return torch.exp(torch.sin(torch.pi * x[:, [0]]) + x[:, [1]] ** 2)


def labeled(train_num: int = 1000) -> Mapping[str, Tensor]:
    """Points and values of the function, to train on and to test on."""
    made = pikan.create_dataset(formula, n_var=2, train_num=train_num)
    # To a type checker, a TypedDict is no mapping to the type of its values [PEP 589].
    return cast("Mapping[str, Tensor]", made)


def lbfgs(arguments: argparse.Namespace) -> Iterator[Descent]:
    """The same number of L-BFGS steps here and there, seed by seed."""
    dataset = labeled()
    for seed in range(arguments.seeds):
        model = pikan.KAN(width=[2, 5, 1], grid=5, k=3, seed=seed)
        seconds, history = timed(
            lambda model=model: model.fit(dataset, opt="LBFGS", steps=arguments.steps, quiet=True)
        )
        errors, there, error = history["test_loss"], nan, nan
        if arguments.pykan_python is not None:
            there, error = pykan(arguments.pykan_python, seed, arguments.steps)
        reached = next((step for step, each in enumerate(errors, start=1) if each <= error), None)
        yield Descent(seed, seconds, errors[-1], there, error, there / seconds, reached)


def levenberg_marquardt(seeds: int) -> Iterator[LeastSquares]:
    """Levenberg-Marquardt on a coarse grid, then on finer ones."""
    dataset = labeled()
    for width in ([2, 5, 1], [2, 1, 1]):
        for seed in range(seeds):
            model = pikan.KAN(width=width, grid=5, k=3, seed=seed)
            for grid in (5, 10, 20):
                model = model.refine(grid)
                seconds, history = timed(
                    lambda model=model: model.fit(
                        dataset, opt="LM", steps=200, stop_grid_update_step=20, quiet=True
                    )
                )
                yield LeastSquares(str(width), seed, grid, seconds, history["test_loss"][-1])


def law() -> Iterator[Refined]:
    """The error as the grid is refined."""
    # For the finest grid's splines there are a dozen points in a cell.
    dataset = labeled(train_num=4000)
    model, before = pikan.KAN(width=[2, 1, 1], grid=GRIDS[0], k=3), nan
    for coarser, grid in pairwise((GRIDS[0], *GRIDS)):
        model = model.refine(grid)
        # Quantiles would leave wide cells where points are few; only the first are to be found.
        first = grid == coarser
        history = model.fit(
            dataset, opt="LM", steps=100, update_grid=first, stop_grid_update_step=100, quiet=True
        )
        error = history["test_loss"][-1]
        yield Refined(grid, error, nan if first else log(before / error) / log(grid / coarser))
        if error < ENOUGH:
            return
        before = error


def exponent(rows: Sequence[Refined]) -> float:
    """That of the fall from the first grid to the last."""
    first, last = rows[0], rows[-1]
    return log(first.error / last.error) / log(last.grid / first.grid)


def table(rows: Sequence[NamedTuple]) -> str:
    """The rows in Markdown, under the names of their fields."""
    lines = [rows[0]._fields, ["---"] * len(rows[0])]
    lines += [[f"{x:.3g}" if isinstance(x, float) else str(x) for x in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def pykan(interpreter: Path, seed: int, steps: int) -> tuple[float, float]:
    """The seconds and the test RMSE of pykan; what it leaves behind goes with its folder."""
    with TemporaryDirectory() as room:
        run = subprocess.run(
            [interpreter, "-c", AS_PYKAN, str(seed), str(steps)],
            capture_output=True,
            text=True,
            check=True,
            cwd=room,
        )
    seconds, error = json.loads(run.stdout.splitlines()[-1])
    return seconds, error


if __name__ == "__main__":
    main()
