"""`pikan export`: a finished run as files of other programs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import typer

from pikan.cli.errors import refuse
from pikan.cli.load import load_run
from pikan.export.files import WRITERS
from pikan.export.onnx import write_onnx
from pikan.export.samples import Grid, first_derivatives
from pikan.export.vtk import Partial, write_vtk
from pikan.solution import Solution

FORMATS = (*WRITERS, "vtk", "onnx")


def export_folder(
    folder: Path, to: str, grid: int | None, times: str | None, derivatives: str | None
) -> None:
    """Write the run in a folder in the format `to`, into that folder, and name the files."""
    if to not in FORMATS:
        refuse(f"--to: got '{to}', needs one of {', '.join(FORMATS)}")
    solution = load_run(folder)
    try:
        for path in _write(solution, folder, to, _grid(solution, grid, times), derivatives):
            typer.echo(f"wrote {path}")
    except ModuleNotFoundError as missing:
        refuse(f"--to {to} needs the package {missing.name}: pip install 'pikan[export]'")
    except ValueError as error:
        refuse(f"{folder}: {error}")


def _write(
    solution: Solution, folder: Path, to: str, grid: Grid | None, derivatives: str | None
) -> Sequence[Path]:
    if to == "onnx":
        like = next(solution.network.parameters())
        center = solution.network.center.to(like)
        return write_onnx(solution.network, torch.stack([center] * 3), folder / "network.onnx")
    asked = None if derivatives is None else [one.strip() for one in derivatives.split(",")]
    if to == "vtk":
        wanted = first_derivatives(solution.problem) if asked is None else asked
        names = (*solution.problem.unknowns, *wanted)
        place = folder / "solution.vtu"
        return write_vtk(solution.problem, grid, names, _partials(solution), place)
    suffix, writer = WRITERS[to]
    sampled = solution.sample(grid, derivatives=[name for name in asked or () if name])
    return writer(sampled, folder / f"solution{suffix}")


def _partials(solution: Solution) -> Partial:
    """Unknowns and derivatives of a solution by name, on arrays."""
    return lambda name, rows: np.asarray(solution.partial(name, rows))


def _grid(solution: Solution, count: int | None, times: str | None) -> Grid | None:
    """What --grid and --times say together; ends the command where they cannot be."""
    if times is None:
        return count
    if solution.problem.box.time is None:
        refuse("--times: the problem has no t")
    try:
        moments = [float(part) for part in times.split(",")]
    except ValueError:
        refuse(f"--times: got '{times}', needs numbers with commas between, such as 0,0.5,1")
    if count is None:
        return {"t": moments}
    return {name: moments if name == "t" else count for name in solution.problem.coordinates}
