"""A solved problem: a function of its coordinates, with its report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.evaluation import (
    Array,
    Given,
    Number,
    OfTensors,
    equation_residuals,
    evaluation,
    map_rows,
    on_arrays,
    places_of,
    until_end,
    warn_outside,
)
from pikan.export.samples import Grid
from pikan.network.base import Network
from pikan.network.build import architecture_text
from pikan.network.parametric import ParametricProduct
from pikan.network.partials import partials
from pikan.optimize.outcome import Outcome
from pikan.problem.family import member
from pikan.problem.partials import partial
from pikan.problem.statement import Problem
from pikan.report.errors import Evaluate
from pikan.report.fields import LINE, PLANE, Field, fields
from pikan.report.notebook import html
from pikan.report.report import Errors, FunctionalValue, Record, Report
from pikan.report.sections import At, Section, sections
from pikan.report.table import two_digits
from pikan.solvers.found import FoundConstant, FoundFunction, draw_constants
from pikan.solvers.time_slab import end_of, solved_part
from pikan.storage.checkpoint import Checkpoint
from pikan.storage.run_archive import ArchivedRun
from pikan.storage.run_folder import keep_run

if TYPE_CHECKING:
    # The whole name, by which checks at run time find it.
    import pandas  # noqa: ICN001
    import xarray

    import pikan.export.samples
    import pikan.plots.animation
    import pikan.plots.picture
    import pikan.plots.quantity
    import pikan.symbolic.solution_formula

# Ends of parameters are known to this part of their interval.
_BEYOND = 1e-12
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
    flow; anything else gives an array. Where a march came to no end, all is nan beyond where it
    came, `end`. `spec` is the text of the resolved problem file.
    `checkpoint` is what an interrupted run goes on from, None where it was not kept or has ended.
    Parameters are coordinates like others, `solution(x=0.5, nu=0.02)`, and `u_nu` is a derivative;
    `make_member` makes the solution for one value of each, None where there are no parameters.
    """

    problem: Problem
    network: Network
    spec: str
    outcome: Outcome
    history: tuple[Record, ...]
    report: Report
    checkpoint: Checkpoint | None = None
    make_member: "Callable[[Solution, Mapping[str, float]], Solution] | None" = None

    def __call__(self, points: Given | None = None, /, **coordinates: Given) -> Array | Tensor:
        """The unknowns at points."""
        values = self._map_points(self.network, points, coordinates)
        return values[..., 0] if len(self.problem.unknowns) == 1 else values

    def partial(
        self, name: str, points: Given | None = None, /, **coordinates: Given
    ) -> Array | Tensor:
        """A partial derivative such as `u_xxt` at points, in closed form."""
        return self._map_points(self._derivative(name), points, coordinates)[..., 0]

    def at(self, **values: Number) -> "Solution":
        """The solution for one value of each parameter, `family.at(nu=0.02)`: one like any other.

        ValueError for a name that is no parameter, or a value outside of its interval.
        """
        given = self._parameter_values(values)
        assert self.make_member is not None
        return self.make_member(self, given)

    def on(
        self, points: Given | None = None, /, **coordinates: Given
    ) -> Callable[..., Array | Tensor]:
        """The unknowns at points that stay, as a function of the parameters alone.

        `answer = family.on(x=grid, t=1.0)`, then `answer(nu=0.02)`: the fields are evaluated once,
        and an answer takes a fraction of a millisecond.
        """
        inside = self._parameter_values({one.name: one.lower for one in self.problem.parameters})
        assert isinstance(self.network, ParametricProduct)
        places = places_of(member(self.problem, inside), points, coordinates)
        rows = torch.as_tensor(places.reshape(-1, places.shape[-1]))
        found = self.network.on(rows.to(next(self.network.parameters())))

        def answer(**values: Number) -> Array | Tensor:
            fields = found(list(self._parameter_values(values).values()))
            shaped = fields.reshape(*places.shape[:-1], -1)
            shaped = shaped[..., 0] if len(self.problem.unknowns) == 1 else shaped
            return shaped if isinstance(places, Tensor) else shaped.cpu().numpy()

        return answer

    def _parameter_values(self, values: Mapping[str, Number]) -> Mapping[str, float]:
        """The values of all parameters in their order, each inside its interval."""
        known = {one.name: one for one in self.problem.parameters}
        if not known:
            raise ValueError("the problem has no parameters; add parameters: {nu: [0.01, 1]}")
        if values.keys() != known.keys():
            raise ValueError(f"got {', '.join(values) or 'none'}, needs {', '.join(known)}")
        for name, one in known.items():
            slack = _BEYOND * (one.upper - one.lower)
            if not one.lower - slack <= values[name] <= one.upper + slack:
                raise ValueError(
                    f"got {name} = {values[name]:g}, needs from {one.lower:g} to {one.upper:g}"
                )
        return {name: float(values[name]) for name in known}

    def _derivative(self, name: str) -> OfTensors:
        """A partial derivative as a function of rows."""
        wanted = partial(self.problem, name)
        if wanted is None:
            unknowns, axes = self.problem.unknowns, self.problem.coordinates
            raise ValueError(
                f"'{name}' is no derivative of {' or '.join(unknowns)} by {', '.join(axes)}"
            )

        def derivative(where: Float[Tensor, "n d"]) -> Float[Tensor, "n m"]:
            every = partials(self.network, where, {wanted.orders})[wanted.orders]
            return every[:, [wanted.unknown]]

        return derivative

    def _map_points(
        self, function: OfTensors, points: Given | None, coordinates: Mapping[str, Given]
    ) -> Array | Tensor:
        """A function of rows, as far as there is a solution, applied to points as given."""
        places = places_of(self.problem, points, coordinates)
        if self.problem.region is not None:
            warn_outside(self.problem, places)
        return map_rows(until_end(self.problem, self.network, function), places, self.network)

    @property
    def end(self) -> float | None:
        """The time until where a march came that was cut short; None where it is solved."""
        return end_of(self.problem, self.network)

    @property
    def errors(self) -> Mapping[str, Errors]:
        """The errors by unknown; empty where no solution is known."""
        return self.report.errors

    @property
    def quantities(self) -> Mapping[str, FunctionalValue]:
        """The numbers that the problem file wants, by name, each with its estimate."""
        return self.report.quantities

    @property
    def found(self) -> Mapping[str, FoundConstant]:
        """The constants found from data, by name; empty where none was to be found."""
        return self.report.found

    @property
    def functions(self) -> Mapping[str, FoundFunction]:
        """The functions found from data, by name, as in `functions["r"](0.3)`."""
        return self.report.functions

    @property
    def forecast(self) -> Mapping[str, FoundFunction]:
        """The unknowns after the data, as in `forecast["x"](14)` and `forecast["x"].band(14)`."""
        return self.report.forecast

    def sample_found(self, count: int, seed: int = 0) -> Mapping[str, Float[np.ndarray, " n"]]:
        """Draws of the constants found, as likely as the data make them: Gaussian, correlated.

        A number derived from the constants, such as a ratio of two, has the spread of its draws.
        """
        return draw_constants(self.found, self.report.correlation, count, seed)

    def formula(self, tolerance: float = 1e-4) -> "pikan.symbolic.solution_formula.SolutionFormula":
        """Short formulas for the unknowns, where there are such, with their errors.

        One is found if it comes within `tolerance` (relative L2) of the solution; its numbers are
        written as pi, 1/2 or sqrt(2) where the solution is known well enough to tell.
        """
        from pikan.symbolic.solution_formula import formula as formula_of

        known = [each.relative_l2 for each in self.errors.values()]
        if self.report.estimate is not None:
            known.append(self.report.estimate.relative_l2)
        error = max(known, default=_UNKNOWN)
        part = solved_part(self.problem, self.network)
        return formula_of(part, self.network, evaluation(part, self.network), error, tolerance)

    def fields(self) -> tuple[Field, ...]:
        """The solution, the known one and the residual on lines or planes, for drawing."""
        residual = equation_residuals(self.problem, self.network)
        return fields(self.problem, evaluation(self.problem, self.network), residual)

    def plot(
        self,
        which: str | Sequence[str] | None = None,
        *,
        at: At | None = None,
        width: float | str | None = None,
        style: str | Path | Mapping[str, object] | None = None,
        ax: object | None = None,
    ) -> "pikan.plots.picture.Picture | None":
        """A figure of matplotlib: the solution, the known one, the error and the residual.

        `which` chooses among unknowns, their derivatives (`u_xx`), `exact`, `error` and `residual`.
        `at` fixes coordinates, `at={"t": [0, 0.5, 1]}`, and what is left are curves or maps.
        `width` is that of a journal's "column" (3.4 inches) or "page" (7), or a number of inches;
        such a figure has no title. `style` is one of matplotlib's, on top of pikan's. With `ax`,
        axes of your own, one panel is drawn into them, and None comes back.
        """
        # Most runs draw nothing, and matplotlib takes half a second to import.
        from pikan.plots.picture import with_ticks
        from pikan.plots.solution import chosen, draw_into, solution

        problem = self._titled_problem()
        if which is None and at is None and width is None and style is None and ax is None:
            return with_ticks(solution(problem, self.fields()))
        planes = sections(self.problem.box, at or {}, LINE, PLANE)
        found = self._quantities(planes, which)
        if ax is not None:
            draw_into(ax, problem, planes, found)
            return None
        return chosen(problem, planes, found, width, style, whole=which is None)

    def animate(
        self, which: str | None = None, *, frames: int = 60, seconds: float = 6.0
    ) -> "pikan.plots.animation.Animation":
        """The solution as it evolves: a slider in a notebook, `save` for a .gif, .mp4 or .html.

        `which` is an unknown, a derivative, `error` or `residual`. ValueError where there is no t.
        """
        from pikan.plots.animation import animation

        if self.problem.box.time is None:
            raise ValueError(
                f"the problem has the coordinates {', '.join(self.problem.coordinates)}, and "
                "what is animated needs t"
            )
        axis = self.problem.box.evolution
        low, high = self.problem.box.lower[axis], self.problem.box.upper[axis]
        moments = np.linspace(low, high if self.end is None else self.end, frames).tolist()
        planes = sections(self.problem.box, {"t": moments}, LINE, PLANE)
        found = self._quantities(planes, which or self.problem.unknowns[0])
        return animation(self.problem, planes, found, seconds)

    def slider(
        self,
        which: str | None = None,
        *,
        parameter: str | None = None,
        at: At | None = None,
        frames: int = 60,
        seconds: float = 6.0,
    ) -> "pikan.plots.animation.Animation":
        """The solution as a parameter varies, the first one if none is named, with a slider.

        `at` fixes other coordinates and parameters. ValueError where there are no parameters.
        """
        from pikan.plots.animation import animation

        known = {one.name: one for one in self.problem.parameters}
        name = parameter or next(iter(known), "")
        if name not in known:
            raise ValueError(f"got '{name}', needs a parameter; there are {', '.join(known)}")
        values = [known[name].value(2.0 * k / (frames - 1) - 1.0) for k in range(frames)]
        others = {k: (one.lower + one.upper) / 2 for k, one in known.items() if k != name}
        planes = sections(self.problem.box, {**others, **(at or {}), name: values}, LINE, PLANE)
        found = self._quantities(planes, which or self.problem.unknowns[0])
        return animation(self.problem, planes, found, seconds)

    def sample(
        self, grid: Grid | None = None, *, derivatives: Sequence[str] = ()
    ) -> "pikan.export.samples.Samples":
        """The unknowns on a grid over the whole domain, and the derivatives named (`u_x`).

        `grid` is the number of points along each coordinate, `grid=101`, or by name the number or
        the values, `grid={"x": 101, "t": [0, 0.5, 1]}`.
        """
        from pikan.export.samples import samples

        values = evaluation(self.problem, self.network)
        return samples(self.problem, grid, derivatives, values, self._derivative_of_arrays)

    def to_xarray(
        self, grid: Grid | None = None, *, derivatives: Sequence[str] = ()
    ) -> "xarray.Dataset":
        """The same as an xarray Dataset (extra `export`)."""
        from pikan.export.tables import dataset

        return dataset(self.sample(grid, derivatives=derivatives))

    def to_dataframe(
        self, grid: Grid | None = None, *, derivatives: Sequence[str] = ()
    ) -> "pandas.DataFrame":
        """The same as a pandas DataFrame with a row for each point (extra `export`)."""
        from pikan.export.tables import dataframe

        return dataframe(self.sample(grid, derivatives=derivatives))

    def _derivative_of_arrays(self, name: str) -> Evaluate:
        found = until_end(self.problem, self.network, self._derivative(name))
        return on_arrays(found, self.network)

    def _quantities(
        self, planes: Sequence[Section], which: str | Sequence[str] | None
    ) -> "tuple[pikan.plots.quantity.Quantity, ...]":
        from pikan.plots.selection import Functions, selection

        values = evaluation(self.problem, self.network)
        residuals = equation_residuals(self.problem, self.network)
        functions = Functions(values, self._derivative_of_arrays, residuals)
        return selection(self.problem, planes, which, functions)

    def _titled_problem(self) -> Problem:
        """The problem with a title that says how far it is solved."""
        until = "" if self.end is None else f", solved until t = {self.end:.4g}"
        return replace(self.problem, title=f"{self.problem.title}{until}")

    def plot_history(self) -> "pikan.plots.picture.Picture":
        """The history against the degree, against t, or over the seconds of training."""
        from pikan.plots.draw import run_history
        from pikan.plots.picture import with_ticks

        return with_ticks(run_history(self.problem, self.fields(), self.history, self.report))

    def save(self, folder: str | Path, *, replace: bool = False) -> tuple[Path, ...]:
        """Leave the archive, the report, the resolved problem file and the figures in a folder.

        Data from a file come along, so that the folder can be read and solved by itself.
        Each file is replaced as a whole or not at all. What comes back is where they are.

        A folder with another run in it is renamed to NAME.1, NAME.2, ... before, with a warning;
        FileExistsError where files of these names are no run's. Not so with `replace`.
        """
        sampled, place = self.fields(), Path(folder)
        kept = self._run(sampled), self.checkpoint
        texts = keep_run(place, self.problem, *kept, replace=replace)
        return *texts, *self._draw(place, sampled)

    def draw(self, folder: str | Path) -> tuple[Path, ...]:
        """Leave the figures in a folder, all of them or none; what comes back is where they are."""
        return self._draw(Path(folder), self.fields())

    def _draw(self, folder: Path, sampled: tuple[Field, ...]) -> tuple[Path, ...]:
        from pikan.plots.draw import draw

        return draw(self._titled_problem(), sampled, self.history, self.report, self.spec, folder)

    def keep(self, folder: str | Path, *, replace: bool = False) -> tuple[Path, ...]:
        """What `save` leaves but for all that is drawn, which `pikan report` can draw later.

        Where hundreds of runs are kept, figures take longer than many of them.
        """
        return keep_run(Path(folder), self.problem, self._run(), self.checkpoint, replace=replace)

    def _run(self, sampled: tuple[Field, ...] = ()) -> ArchivedRun:
        """What an archive holds of the run, with fields for drawing."""
        network = architecture_text(self.network), self.network.state_dict()
        return ArchivedRun(self.spec, *network, self.history, self.report, sampled)

    def __repr__(self) -> str:
        said = [] if self.end is None else [f"solved until t = {self.end:.4g}"]
        said += [f"{name} to {two_digits(e.relative_l2)}" for name, e in self.errors.items()]
        return f"Solution of {self.problem.name}: {', '.join([self.outcome.kind, *said])}"

    def _repr_html_(self) -> str:
        return html(self.report, self.problem.title)
