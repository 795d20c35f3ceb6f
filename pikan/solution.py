"""A solved problem: a function of its coordinates, with what it is worth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import final

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from pikan.archive import run as archive
from pikan.archive.checkpoint import Checkpoint
from pikan.archive.file import FILE, clear_drafts
from pikan.archive.run import ArchivedRun
from pikan.derivatives.jets import partials
from pikan.exact.data import KEPT, Reference, arrays
from pikan.model.solved import SolutionFormula
from pikan.model.solved import formula as formula_of
from pikan.network.base import Network
from pikan.network.shape import shape
from pikan.outcome import Outcome
from pikan.problem import Problem, partial
from pikan.report.errors import Evaluate, by_chunks
from pikan.report.fields import Field, Residual, fields
from pikan.report.files import write_bytes
from pikan.report.notebook import html
from pikan.report.picture import Picture
from pikan.report.report import Errors, Record, Report
from pikan.report.table import rounded
from pikan.residuals import equation_sheets

Array = Shaped[np.ndarray, "*_"]
Number = float | int
Given = Array | Shaped[Tensor, "*_"] | Sequence[Number] | Sequence[Sequence[Number]] | Number

# The report and the resolved problem file of a run, beside its archive.
REPORT, RESOLVED = "report.json", "problem.yaml"
# How far a solution is taken to be known where nothing is said about it.
_UNKNOWN = 1e-6


@final
@dataclass(frozen=True, eq=False)
class Solution:
    """A network that solves a problem, how its training went and how far it can be trusted.

    A call takes points as rows [n d], `solution(points)`, or each coordinate by its name,
    `solution(x=0.5, t=[0, 1])`, which are spread over each other as NumPy does. One unknown comes
    back without an axis of its own: [n], or the shape of the coordinates; several come along a
    last axis in the order of `problem.unknowns`. Tensors give a tensor, through which gradients
    flow; anything else gives an array. `spec` is the text of the resolved problem file.
    `checkpoint` is what an interrupted run goes on from, None where it was not kept or has ended.
    """

    problem: Problem
    network: Network
    spec: str
    outcome: Outcome
    history: tuple[Record, ...]
    report: Report
    checkpoint: Checkpoint | None = None

    def __call__(self, points: Given | None = None, /, **coordinates: Given) -> Array | Tensor:
        """The unknowns at points."""
        values = _mapped(self.network, _places(self.problem, points, coordinates), self.network)
        return values[..., 0] if len(self.problem.unknowns) == 1 else values

    def partial(
        self, name: str, points: Given | None = None, /, **coordinates: Given
    ) -> Array | Tensor:
        """A partial derivative such as `u_xxt` at points, in closed form."""
        wanted = partial(self.problem, name)
        if wanted is None:
            unknowns, axes = self.problem.unknowns, self.problem.coordinates
            raise ValueError(
                f"'{name}' is no derivative of {' or '.join(unknowns)} by {', '.join(axes)}"
            )

        def derivative(where: Float[Tensor, "n d"]) -> Float[Tensor, "n m"]:
            return partials(self.network, where, {wanted.orders})[wanted.orders]

        values = _mapped(derivative, _places(self.problem, points, coordinates), self.network)
        return values[..., wanted.unknown]

    @property
    def errors(self) -> Mapping[str, Errors]:
        """The errors by unknown; empty where no solution is known."""
        return self.report.errors

    def formula(self, tolerance: float = 1e-4) -> SolutionFormula:
        """Short formulas for the unknowns, where there are such, with their errors.

        One is found if it comes within `tolerance` (relative L2) of the solution; its numbers are
        written as pi, 1/2 or sqrt(2) where the solution is known well enough to tell.
        """
        known = [each.relative_l2 for each in self.errors.values()]
        if self.report.estimate is not None:
            known.append(self.report.estimate.relative_l2)
        error = max(known, default=_UNKNOWN)
        return formula_of(self.problem, self.network, evaluation(self.network), error, tolerance)

    def fields(self) -> tuple[Field, ...]:
        """The solution, the known one and the residual on lines or planes, for drawing."""
        residual = equation_residuals(self.problem, self.network)
        return fields(self.problem, evaluation(self.network), residual)

    def plot(self) -> Picture:
        """The solution, the known one, the error and the residual."""
        # Most runs draw nothing, and matplotlib takes half a second to import.
        from pikan.report.figures.draw import solution_picture

        return solution_picture(self.problem, self.fields())

    def plot_history(self) -> Picture:
        """The residuals by block over the seconds of training."""
        from pikan.report.figures.draw import history_picture

        return history_picture(self.problem, self.history)

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Leave the archive, the report, the resolved problem file and the figures in a folder.

        Data from a file come along, so that the folder can be read and solved by itself.
        Each file is replaced as a whole or not at all. What comes back is where they are.
        """
        from pikan.report.figures.draw import draw

        sampled = self.fields()
        files = self._keep(Path(folder), sampled)
        return *files, *draw(self.problem, sampled, self.history, Path(folder))

    def keep(self, folder: str | Path) -> tuple[Path, ...]:
        """What `save` leaves but for all that is drawn, which `pikan report` can draw later.

        Where hundreds of runs are kept, figures take longer than many of them.
        """
        return self._keep(Path(folder), ())

    def _keep(self, folder: Path, sampled: tuple[Field, ...]) -> tuple[Path, ...]:
        run, report, spec = (folder / name for name in (FILE, REPORT, RESOLVED))
        made, state = shape(self.network), self.network.state_dict()
        kept = ArchivedRun(self.spec, made, state, self.history, self.report, sampled)
        beside = {report: self.report.to_json().encode(), spec: self.spec.encode()}
        beside |= _data(self.problem, folder)
        archive.write(run, kept, self.checkpoint, beside)
        return run, *beside

    def __repr__(self) -> str:
        norms = [f"{name} to {rounded(e.relative_l2)}" for name, e in self.errors.items()]
        return f"Solution of {self.problem.name}: {', '.join([self.outcome.kind, *norms])}"

    def _repr_html_(self) -> str:
        return html(self.report, self.problem.title)


def clear_halves(folder: Path) -> None:
    """Remove what a process that was killed while it left a solution has half written."""
    for name in (FILE, REPORT, RESOLVED, KEPT):
        clear_drafts(folder / name)


def clear_results(folder: Path) -> None:
    """Remove what a solution has left beside its archive."""
    for name in (REPORT, RESOLVED, "solution.png", "history.png"):
        (folder / name).unlink(missing_ok=True)


def keep_data(problem: Problem, folder: Path) -> None:
    """Leave the data that solutions are compared with, which the problem file names."""
    for path, content in _data(problem, folder).items():
        write_bytes(path, content)


def _data(problem: Problem, folder: Path) -> dict[Path, bytes]:
    if not isinstance(problem.exact, Reference):
        return {}
    content = BytesIO()
    columns = arrays(problem.exact, problem.coordinates)
    np.savez_compressed(content, allow_pickle=False, **columns)
    return {folder / KEPT: content.getvalue()}


def evaluation(network: Network) -> Evaluate:
    """A network as a function of arrays."""
    return _on_arrays(network, network)


def equation_residuals(problem: Problem, network: Network) -> Residual:
    """What a network leaves of each equation, one column each, as a function of arrays."""

    def residuals(points: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        sheets = equation_sheets(problem, points)
        wanted = {index for sheet in sheets for index in sheet.wanted(0)}
        found = partials(network, points, wanted)
        return torch.stack([sheet.residual((found,)) for sheet in sheets], dim=1)

    return _on_arrays(residuals, network)


_OfTensors = Callable[[Float[Tensor, "n d"]], Float[Tensor, "n m"]]


def _on_arrays(function: _OfTensors, network: Network) -> Evaluate:
    """The same function of arrays, in the precision and on the device of a network."""
    like = next(network.parameters())

    def evaluate(points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n m"]:
        with torch.no_grad():
            found = function(torch.from_numpy(points).to(like))
        return found.cpu().numpy().astype(points.dtype)

    return evaluate


def _mapped(function: _OfTensors, places: Array | Tensor, network: Network) -> Array | Tensor:
    """A function of rows, applied along the last axis of an array of any shape."""
    rows = places.reshape(-1, places.shape[-1])
    if isinstance(rows, Tensor):
        found = function(rows.to(next(network.parameters())))
    else:
        found = by_chunks(_on_arrays(function, network), rows)
    return found.reshape(*places.shape[:-1], -1)


def _places(
    problem: Problem, points: Given | None, coordinates: Mapping[str, Given]
) -> Float[np.ndarray, "*n d"] | Float[Tensor, "*n d"]:
    """Points as given, or as made from coordinates by name."""
    names = problem.coordinates
    if points is None and set(coordinates) == set(names):
        return _spread([coordinates[name] for name in names])
    places = points if isinstance(points, Tensor) else np.asarray(points, dtype=np.float64)
    if coordinates or places.shape[-1:] != (len(names),):
        given = ", ".join(coordinates) if coordinates else f"points of shape {[*places.shape]}"
        named = ", ".join(f"{name}=..." for name in names)
        raise ValueError(f"got {given}; needs rows of {', '.join(names)}, or {named}")
    return places


def _spread(values: Sequence[Given]) -> Float[np.ndarray, "*n d"] | Float[Tensor, "*n d"]:
    tensors = [value for value in values if isinstance(value, Tensor)]
    if not tensors:
        arrays = [np.asarray(value, dtype=np.float64) for value in values]
        return np.stack(np.broadcast_arrays(*arrays), axis=-1)
    everywhere = [torch.as_tensor(value).to(tensors[0]) for value in values]
    return torch.stack(torch.broadcast_tensors(*everywhere), dim=-1)
