"""A KAN as a model, in pykan's vocabulary."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, final
from warnings import warn

import numpy as np
import torch
from torch import Tensor

from pikan.kan.arguments import (
    AbsentError,
    ModelError,
    known_arguments,
    number,
    one_of,
    read_device,
    read_precision,
    whole,
)
from pikan.kan.attribution import METRICS, edge_measures
from pikan.kan.dataset import DatasetLike, check_dataset, checked_labels, suitable
from pikan.kan.edit import deepen, mask_edges, widen
from pikan.kan.file import load, save
from pikan.kan.fit import fit_steps
from pikan.kan.formulas import check_edge
from pikan.kan.history import History, read_metrics, record
from pikan.kan.make import Make, WidthLike
from pikan.kan.plan import read_grid_steps, read_penalty, read_plan
from pikan.kan.progress_bar import progress_bar
from pikan.kan.prune import prune_edges, prune_inputs, prune_nodes
from pikan.kan.solution import solution_network, with_network
from pikan.kan.start import data_start, lay
from pikan.kan.symbolic_model import SymbolicModel
from pikan.network.data_dependent import scaling_of
from pikan.network.initialization import noise
from pikan.network.refine import adapt, refine
from pikan.network.width import node_count
from pikan.solution import Solution
from pikan.symbolic.snap import (
    Edge,
    symbolic_edges,
)

if TYPE_CHECKING:
    import pikan.plots.picture


@final
class KAN(SymbolicModel):
    """A Kolmogorov-Arnold network to fit, see, prune and refine.

    `width` holds the nodes of every layer, inputs first, each a number or [sums, products of
    two]. Edges are splines of degree `k` on `grid` cells, or functions of another `basis` (those
    without cells have k + 1), beside a base function. `grid_range` is what the grid covers before
    it follows data.

    A plain `nn.Module`: points [n, inputs] to values [n, outputs], in any training loop. `fit` and
    loops like it train it in place; everything else that changes it returns another model and
    leaves this one. In a loop of one's own the first step, the first call with gradients of ten
    points or more, lays the grids of a new model where these points lead and makes its values there
    of size one. The points of the last `fit` stay with it, apart from its state: what looks at
    points (plot, prune, attribute, get_act, get_fun) takes these unless `x` gives others, and
    evenly spread ones on the grid where there was no fit.

    Source: Liu et al. 2024, arXiv 2404.19756; product nodes: Liu et al. 2024, arXiv 2408.10205.

    >>> KAN(width=[2, 5, 1])
    KAN(width=[2, 5, 1], grid=5, k=3, basis='bspline', 135 parameters)
    """

    @known_arguments
    def __init__(
        self,
        width: Sequence[WidthLike] | np.ndarray,
        grid: int = 5,
        k: int = 3,
        seed: int = 0,
        *,
        basis: str = "bspline",
        base_fun: str = "silu",
        grid_range: tuple[float, float] = (-1.0, 1.0),
        device: str | torch.device = "cpu",
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        place, precision = read_device("KAN", device), read_precision("KAN", dtype)
        self.make = Make(width, grid, k, basis, base_fun, grid_range, seed)
        self.network = self.make.build(place)
        self.inputs = len(self.network.center)
        self.register_buffer("samples", self.network.center.new_zeros(0, self.inputs), False)
        self.to(device=place, dtype=precision)

    @known_arguments
    def fit(
        self,
        dataset: DatasetLike,
        opt: str = "LBFGS",
        steps: int = 100,
        log: int = 1,
        lamb: float = 0.0,
        lamb_l1: float = 1.0,
        lamb_entropy: float = 2.0,
        lamb_coef: float = 0.0,
        lamb_coefdiff: float = 0.0,
        update_grid: bool = True,
        grid_update_num: int = 10,
        loss_fn: Callable[[Tensor, Tensor], Tensor] | None = None,
        lr: float | None = None,
        start_grid_update_step: int = -1,
        stop_grid_update_step: int = 50,
        batch: int = -1,
        metrics: Sequence[Callable[[], Tensor | float]] | None = None,
        display_metrics: Sequence[str] | None = None,
        reg_metric: str = "edge_forward_spline_n",
        seed: int = 0,
        quiet: bool = False,
    ) -> History:
        """Train in place on `dataset`, see `create_dataset`; returns the history.

        The first fit of a new model lays its grids where the data lead, layer by layer, and takes
        a start of size one there, scaled to the labels where the loss is the mean square. The
        model is left in its best state on all of the rows to train on, never worse than it was;
        parameters with `requires_grad=False` stay as they are.

        A step of "LBFGS" is ten line searches, of "LM" (Levenberg-Marquardt, by far the best on
        a mean square of few parameters) and "Adam" one step; the first two end early when there is
        nothing more to gain. `loss_fn(values, labels)` is the mean square if None; `lr` None is
        1e-2 for Adam. `lamb` is the strength of the penalty for edges, the others its parts. The
        grid follows the data `grid_update_num` times up to `stop_grid_update_step`. `batch` -1
        takes all points in each step. `metrics` are functions without arguments, recorded by
        their names. `log`: how many steps between changes of the bar, which is shown in
        terminals and notebooks unless `quiet`, with what `display_metrics` names of the history;
        None is the losses and `reg`.

        The history has a number for each step of `train_loss` and `test_loss` (roots of the mean
        square; any other loss as it is), `reg` and each metric; `first_loss`, `best_loss`,
        `best_step` and `outcome` say how the fit went.
        """
        rules = read_penalty(lamb, lamb_l1, lamb_entropy, lamb_coef, lamb_coefdiff, reg_metric)
        grid_steps = read_grid_steps(
            update_grid, grid_update_num, start_grid_update_step, stop_grid_update_step
        )
        plan = read_plan(opt, steps, rules, grid_steps, loss_fn, lr, batch, seed)
        recorded = read_metrics(metrics, display_metrics)
        known = node_count(self.network.widths[-1]) if loss_fn is None else None
        data = check_dataset(dataset, self.inputs, known, self.network.center)
        data = data if loss_fn is None else suitable(data, loss_fn, self)
        start = data_start(self.network, self.make, self.laid_by, data, plan, update_grid)
        run = fit_steps(self.network, data, plan, start)
        with progress_bar(steps, log, quiet) as show:
            history = record(run, recorded, display_metrics or (), show)
        self.samples, self.is_new, self.laid_by = data.train_input, False, None
        if history.outcome.kind == "diverged":
            where = f"step {history.best_step}" if history.best_step >= 0 else "the start"
            warn(f"fit: {history.outcome.message}; the model is that of {where}", stacklevel=3)
        return history

    @known_arguments
    def plot(
        self,
        beta: float = 3.0,
        scale: float = 0.5,
        metric: str = "backward",
        sample: bool = False,
        in_vars: Sequence[object] | None = None,
        out_vars: Sequence[object] | None = None,
        title: str | None = None,
        folder: str | Path | None = None,
        ax: object | None = None,
        x: Tensor | None = None,
        width: float | str | None = None,
    ) -> "pikan.plots.picture.Picture | None":
        """The figure of the network, which shows itself in a notebook; None if drawn into `ax`.

        Inputs are at the bottom. An edge is drawn with its function on what it gets from the
        points; the more it matters by `metric`, the darker: tanh(beta * measure). `sample` shows
        the points, too. Names may be text or sympy. `scale` is the size, 1 for 10 inches a
        row; `width` is that of a journal's "column" or "page", or a number of inches. Of layers
        with over 100 edges the nodes that matter most are drawn. With a `folder` the picture is
        also written there, as kan.png.
        """
        # matplotlib takes as long to import as torch, and not every model is looked at.
        from pikan.plots.kan_diagram import AxesError, DiagramStyle, kan_diagram

        one_of("plot", "metric", metric, METRICS)
        for name, names, count in (
            ("in_vars", in_vars, node_count(self.network.widths[0])),
            ("out_vars", out_vars, node_count(self.network.widths[-1])),
        ):
            if names is not None and len(names) != count:
                raise ModelError(f"plot: {name}: got {len(names)} names, needs {count}")
        layers = self._layers("plot", x)
        below, above = (None if each is None else list(each) for each in (in_vars, out_vars))
        look = DiagramStyle(beta, scale, sample, below, above, title, width)
        measures = edge_measures(metric, layers, self.network.widths)
        try:
            drawn = kan_diagram(self.network, layers, measures, look, ax)
        except AxesError as fault:
            raise ModelError(f"plot: {fault}") from None
        if folder is not None and drawn is not None:
            drawn.save(Path(folder) / "kan.png")
        return drawn

    @known_arguments
    def prune(self, node_th: float = 1e-2, edge_th: float = 3e-2, x: Tensor | None = None) -> "KAN":
        """A model without the nodes, then the edges, that score no more than this."""
        for name, given in (("node_th", node_th), ("edge_th", edge_th)):
            number("prune", name, given)
        return self.prune_node(node_th, x=x).prune_edge(edge_th, x=x)

    @known_arguments
    def prune_node(
        self,
        threshold: float = 1e-2,
        active_neurons_id: Sequence[Sequence[int]] | None = None,
        x: Tensor | None = None,
    ) -> "KAN":
        """A model without the hidden nodes that score no more, or that are not named.

        `active_neurons_id` names the nodes to keep of every hidden layer.
        """
        layers = self._layers("prune_node", x)
        return self._with(prune_nodes(self.network, layers, threshold, active_neurons_id))

    @known_arguments
    def prune_edge(self, threshold: float = 3e-2, x: Tensor | None = None) -> "KAN":
        """A model without the edges that score no more; their means stay in what comes out."""
        return self._with(prune_edges(self.network, self._layers("prune_edge", x), threshold))

    @known_arguments
    def prune_input(
        self,
        threshold: float = 1e-2,
        active_inputs: Sequence[int] | None = None,
        x: Tensor | None = None,
    ) -> "KAN":
        """A model without the inputs that score no more, or that are not named.

        It takes the same points as before, and leaves the other columns out of account.
        """
        layers = self._layers("prune_input", x)
        return self._with(prune_inputs(self.network, layers, threshold, active_inputs))

    def remove_edge(self, l: int, i: int, j: int) -> "KAN":
        """A model without the edge from node i of layer l to sum j of the next."""
        check_edge("remove_edge", self.network, Edge(l, i, j))
        live = [layer.mask.clone() for layer in self.network.layers()]
        live[l][i, j] = False
        return self._with(mask_edges(self.network, live, self._layers("remove_edge", None)))

    def refine(self, new_grid: int | None = None, *, k: int | None = None) -> "KAN":
        """The same function on a grid of more cells, or of a higher degree."""
        if new_grid is None and k is None:
            raise ModelError("refine: needs new_grid, the cells of the new grid, or k, its degree")
        for name, given in (("new_grid", new_grid), ("k", k)):
            if given is not None:
                whole("refine", name, given, 1)
        try:
            return self._with(refine(self.network, degree=k, grid=new_grid))
        except ValueError as fault:
            raise ModelError(f"refine: {fault}") from None

    def initialize_from_data(self, x: Tensor, y: Tensor | None = None) -> "KAN":
        """A model of the same make with a random start that suits these points (data-dependent).

        For training loops of one's own, on all points or many of them: the first grid covers them,
        and the values there have spread one, or where there are labels `y` [points, outputs] their
        mean and spread. A first `fit` does the same. What this model has learned is not in it.
        """
        points = self._points("initialize_from_data", x)
        if symbolic_edges(self.network):
            raise ModelError("initialize_from_data: edges hold formulas; unfix_symbolic them first")
        changed = self._with(self.network)
        generator = torch.Generator().manual_seed(int(self.make.seed))
        changed.network = lay(noise(changed.network, generator), points)
        if y is not None:
            count = node_count(self.network.widths[-1])
            labels = checked_labels("initialize_from_data", "y", y, len(points), count)
            changed.network.scaling = scaling_of(labels.detach().to(points))
        changed.samples = points
        return changed

    def save(self, path: str | Path) -> None:
        """Write the model and the points of its last fit into one file of arrays, NAME.npz."""
        self.is_new = False
        save(Path(path), self.network, self.samples)

    @staticmethod
    def load(path: str | Path) -> "KAN":
        """The model in a file that `save` has written; nothing in it is executed."""
        model = KAN([1, 1])
        model.network, model.samples = load(Path(path))
        model.inputs = len(model.network.center)
        return model

    @staticmethod
    def from_solution(solution: Solution) -> "KAN":
        """The network of a KAN solution of a problem as a model, to see, prune and read it."""
        model = KAN([1, 1])
        model.network = solution_network(solution)
        model.inputs = len(model.network.center)
        model.samples = model.network.center.new_zeros(0, model.inputs)
        return model

    def to_solution(self, solution: Solution) -> Solution:
        """The solution with this model for its network, and a report of what it reaches now.

        Its partial derivatives, figures and archive are those of the model; the run before it,
        its history, is that of the solution.
        """
        return with_network(solution, self.network)

    @staticmethod
    def loadckpt(path: object) -> "KAN":
        """Refused: checkpoints of pykan's are pickled."""
        raise AbsentError(
            f"KAN.loadckpt: got {path!r}; pikan.KAN.load(path) reads what save(path) has written"
        )

    def update_grid_from_samples(self, x: Tensor) -> "KAN":
        """A model whose grids are where the points lead, as near to this one as they allow."""
        points = self._points("update_grid_from_samples", x)
        changed = self._with(adapt(self.network, points))
        changed.samples = points
        return changed

    def expand_width(
        self, layer_id: int, n_added_nodes: int, sum_bool: bool = True, *, seed: int = 0
    ) -> "KAN":
        """The same function with more nodes in a hidden layer, sums or products.

        What enters them is random; nothing comes out of them before a fit.
        """
        added = whole("expand_width", "n_added_nodes", n_added_nodes, 1)
        return self._with(widen(self.network, layer_id, added, not sum_bool, seed))

    def expand_depth(self) -> "KAN":
        """The same function with one layer more, from each output to itself."""
        with torch.no_grad():
            return self._with(deepen(self.network, self(self._points("expand_depth", None))))

    def speed(self, compile: Literal[False] = False) -> "KAN":  # noqa: A002 (pykan's name)
        """The model itself: it is not needed here."""
        del compile
        warn("speed: not needed, pikan's models are fast as they are", stacklevel=2)
        return self
