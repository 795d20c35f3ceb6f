"""A KAN as a model, in pykan's vocabulary."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final
from warnings import warn

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from pikan.bases.from_word import word
from pikan.kan.arguments import (
    AbsentError,
    ModelError,
    no_unknown,
    number,
    one_of,
    read_device,
    read_precision,
    whole,
)
from pikan.kan.attribution import METRICS, Scores, attribution, edge_measures
from pikan.kan.dataset import (
    Data,
    DatasetLike,
    check_dataset,
    checked_labels,
    suitable,
    tensor,
    valid_points,
)
from pikan.kan.edit import deepen, mask_edges, select_nodes, widen
from pikan.kan.file import load, save
from pikan.kan.fit import OPTIMIZERS, FitPlan, FitResult, fit_steps
from pikan.kan.make import WidthLike, build_kan
from pikan.kan.penalty import MEASURES, Penalty
from pikan.kan.progress_bar import progress_bar
from pikan.network.architecture import node_count
from pikan.network.data_dependent import scaling_of, standardize
from pikan.network.initialization import noise
from pikan.network.kan import KANNetwork
from pikan.network.layer import LayerActivations
from pikan.network.refine import adapt, refine
from pikan.symbolic.candidates import candidates, rate
from pikan.symbolic.library import LIBRARY, USUAL, Numbers
from pikan.symbolic.refit import ConstantSamples
from pikan.symbolic.snap import (
    Edge,
    Suggestions,
    SymbolicSearch,
    discover,
    learned_edges,
    suggest,
    symbolic_edges,
    with_formula,
    without_formula,
)
from pikan.symbolic.symbolic_formula import SymbolicFormula, symbolic_formula

if TYPE_CHECKING:
    import pikan.plots.picture

# Points to look at where a model has been fitted to none.
_POINTS = 1000

# The spread of hidden values as a fit begins, and of what comes out in that of the labels. From so
# little none of 24 fits of [2, 1, 1] to exp(sin(pi x) + y^2) ends far off, 13 from that of a start.
_SMALL = 0.05, 0.01
# The same where a penalty has to tell edges apart, or where values are no estimates of labels.
_LARGE = 0.2, 1.0

# Below this R2 a formula that was asked for has hardly to do with its edge.
_POOR = 0.9

_GONE = {
    "auto_save": "pikan.KAN writes no files",
    "ckpt_path": "pikan.KAN writes no files",
    "save_act": "get_act gives the activations when they are asked for",
    "symbolic_enabled": "it costs nothing here",
    "mult_arity": "a product is of two sums, [sums, products]",
    "state_id": "what changes a model gives a new one",
    "round": "what changes a model gives a new one",
    "save_fig": "call plot after each fit",
    "img_folder": "call plot after each fit",
    "a_range": "the search goes as far as the points can tell",
    "b_range": "the search goes as far as the points can tell",
    "random": "the numbers are fitted, or 1, 0, 1 and 0",
    "mode": "active_neurons_id names nodes where it is given",
    "grid_eps": "grids follow the points' quantiles, with pykan's share of even cells",
    "noise_scale": "seed draws another start",
    "sparse_init": "prune cuts edges",
    "mask": "edges that have been cut are not drawn",
    "verbose": "what was found is in what comes back",
    "log_history": "what changes a model gives a new one",
    "normalizer": "fit to data as they are",
    "output_normalizer": "fit to data as they are",
    "singularity_avoiding": "nothing here is singular",
    "y_th": "nothing here is singular",
}


_NEW = "calls that change a model return another and leave this one; keep it, or copy() it"
_ABSENT = {
    "act_fun": "get_fun(l, i, j) gives an edge's function, and network.layers() hold them all",
    "add_symbolic": "formulas are made of the functions that fix_symbolic names",
    "auto_swap": "the order of nodes does not matter here",
    "checkout": _NEW,
    "evaluate": "fit takes metrics; a loss on other points is a line of torch",
    "feature_interaction": "attribute() gives scores of nodes and edges",
    "initialize_from_another_model": "another.refine(new_grid) is the same on a finer grid",
    "initialize_grid_from_another_model": "update_grid_from_samples(x) lays grids on points",
    "log_history": _NEW,
    "node_attribute": "attribute(l, i) gives the scores",
    "perturb": "seed draws another start",
    "remove_node": "prune_node(active_neurons_id=...) names the nodes to keep",
    "reg": "fit takes lamb, and its history has 'reg'",
    "get_reg": "fit takes lamb, and its history has 'reg'",
    "rewind": _NEW,
    "saveckpt": "save(path) writes one file, and pikan.KAN.load(path) reads it",
    "set_mode": "remove_edge cuts an edge, fix_symbolic puts formulas on it",
    "swap": "the order of nodes does not matter here",
    "symbolic_fun": "network.layers() hold the formulas, symbolic_formula() all together",
    "tree": "plot() shows the network",
    "update_grid": "update_grid_from_samples(x) lays grids on points",
}


@final
class KAN(nn.Module):
    """A Kolmogorov-Arnold network to fit, see, prune and refine.

    `width` holds the nodes of every layer, inputs first, each a number or [sums, products of
    two]. Edges are splines of degree `k` on `grid` cells, or functions of another `basis` (those
    without cells have k + 1), beside a base function. `grid_range` is what the grid covers before
    it follows data.

    A plain `nn.Module`: points [n, inputs] to values [n, outputs], in any training loop. `fit` and
    loops like it train it in place; everything else that changes it returns another model and
    leaves this one. The points of the last `fit` stay with it, apart from its state: what looks at
    points (plot, prune, attribute, get_act, get_fun) takes these unless `x` gives others, and
    evenly spread ones on the grid where there was no fit.

    Source: Liu et al. 2024, arXiv 2404.19756; product nodes: Liu et al. 2024, arXiv 2408.10205.

    >>> KAN(width=[2, 5, 1])
    KAN(width=[2, 5, 1], grid=5, k=3, basis='bspline', 135 parameters)
    """

    samples: Float[Tensor, "n d"]

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
        **unknown: object,
    ) -> None:
        super().__init__()
        no_unknown("KAN", unknown, _KNOWN_MAKING, _GONE)
        place, precision = read_device("KAN", device), read_precision("KAN", dtype)
        self._made_of = width, grid, k, basis, base_fun, grid_range, seed
        self.network = build_kan(*self._made_of, place)
        self.inputs = len(self.network.center)
        self.register_buffer("samples", self.network.center.new_zeros(0, self.inputs), False)
        self.to(device=place, dtype=precision)

    @property
    def width(self) -> list[int | list[int]]:
        """The nodes of every layer, inputs that are in use first."""
        return [each if isinstance(each, int) else list(each) for each in self.network.widths]

    @property
    def grid(self) -> int:
        """The cells of the first layer's splines; one for polynomials."""
        return self.network.layers()[0].edges.basis.knots.shape[1] - 1

    @property
    def k(self) -> int:
        """The degree of the splines or polynomials of the first layer."""
        return self.network.layers()[0].edges.basis.degree

    @property
    def n_edge(self) -> int:
        """How many edges are live."""
        return sum(int(layer.mask.sum()) for layer in self.network.layers())

    @property
    def feature_score(self) -> Float[Tensor, " d"]:
        """How much each input matters for what comes out."""
        return self.attribute().nodes[0]

    def forward(self, x: Tensor) -> Float[Tensor, "*n m"]:
        """The values at points [..., inputs], in the model's precision."""
        points = tensor("KAN", "x", x)
        if points.ndim == 0 or points.shape[-1] != self.inputs:
            raise ModelError(f"KAN: got shape {list(x.shape)}, needs [..., {self.inputs}]")
        rows = points.reshape(-1, self.inputs).to(self.network.center.dtype)
        values: Tensor = self.network(rows)
        return values.reshape(*points.shape[:-1], node_count(self.network.widths[-1]))

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
        **unknown: object,
    ) -> "History":
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
        no_unknown("fit", unknown, _KNOWN_FITTING, _GONE)
        one_of("fit", "opt", opt, OPTIMIZERS)
        wanted: Mapping[str, object] = {"loss_fn": [loss_fn or float], "metrics": metrics or ()}
        for name, given in wanted.items():
            if not isinstance(given, list | tuple) or not all(map(callable, given)):
                raise ModelError(f"fit: {name}: needs a function, or for metrics a list of them")
        strengths = {
            "lamb": lamb,
            "lamb_l1": lamb_l1,
            "lamb_entropy": lamb_entropy,
            "lamb_coef": lamb_coef,
            "lamb_coefdiff": lamb_coefdiff,
        }
        for name, given in strengths.items():
            number("fit", name, given, least=0.0)
        rate = None if lr is None else number("fit", "lr", lr, above=0.0)
        rows = None if batch == -1 else whole("fit", "batch", batch, 1, "-1 for all rows, or ")
        if opt == "LM" and (lamb or loss_fn or rows):
            raise ModelError(
                "fit: opt='LM' fits the mean square of all points; for lamb, loss_fn or batch "
                "take opt='LBFGS' or 'Adam'"
            )
        measure = MEASURES[one_of("fit", "reg_metric", reg_metric, MEASURES)]
        rules = Penalty(lamb, lamb_l1, lamb_entropy, lamb_coef, lamb_coefdiff, measure)
        every = max(1, stop_grid_update_step // whole("fit", "grid_update_num", grid_update_num, 1))
        first = -(-max(start_grid_update_step, 0) // every) * every
        grid_steps = range(first, stop_grid_update_step if update_grid else 0, every)
        plan = FitPlan(
            opt, whole("fit", "steps", steps, 0), rules, grid_steps, loss_fn, rate, rows, int(seed)
        )
        known = node_count(self.network.widths[-1]) if loss_fn is None else None
        data = check_dataset(dataset, self.inputs, known, self.network.center)
        data = data if loss_fn is None else suitable(data, loss_fn, self)
        always = ("train_loss", "test_loss", "reg")
        history = {name: list[float]() for name in (*always, *map(_name, metrics or ()))}
        for name in display_metrics or ():
            one_of("fit", "display_metrics", name, history)
        run = fit_steps(self.network, data, plan, self._start(data, plan, update_grid))
        with progress_bar(steps, log, quiet) as show, closing(run):
            while True:
                try:
                    step = next(run)
                except StopIteration as end:
                    ended: FitResult = end.value
                    break
                found = dict(zip(always, (step.train_loss, step.test_loss, step.reg), strict=True))
                found |= {_name(metric): float(metric()) for metric in metrics or ()}
                for name, value in found.items():
                    history[name].append(value)
                show(step, {name: found[name] for name in display_metrics or always})
        self.samples = data.train_input
        if ended.outcome.kind == "diverged":
            where = f"step {ended.best_step}" if ended.best_step >= 0 else "the start"
            warn(f"fit: {ended.outcome.message}; the model is that of {where}", stacklevel=2)
        return History(history, ended)

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
        **unknown: object,
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

        no_unknown("plot", unknown, _KNOWN_PLOTTING, _GONE)
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

    def prune(
        self,
        node_th: float = 1e-2,
        edge_th: float = 3e-2,
        x: Tensor | None = None,
        **unknown: object,
    ) -> "KAN":
        """A model without the nodes, then the edges, that score no more than this."""
        no_unknown("prune", unknown, ("node_th", "edge_th", "x"), _GONE)
        for name, given in (("node_th", node_th), ("edge_th", edge_th)):
            number("prune", name, given)
        return self.prune_node(node_th, x=x).prune_edge(edge_th, x=x)

    def prune_node(
        self,
        threshold: float = 1e-2,
        active_neurons_id: Sequence[Sequence[int]] | None = None,
        x: Tensor | None = None,
        **unknown: object,
    ) -> "KAN":
        """A model without the hidden nodes that score no more, or that are not named.

        `active_neurons_id` names the nodes to keep of every hidden layer.
        """
        no_unknown("prune_node", unknown, ("threshold", "active_neurons_id", "x"), _GONE)
        number("prune_node", "threshold", threshold)
        widths = self.network.widths
        every = [torch.arange(node_count(width)) for width in widths]
        if active_neurons_id is None:
            scores = self.attribute(x=x).nodes[1:-1]
            hidden = [torch.nonzero(score > threshold)[:, 0] for score in scores]
        else:
            hidden = _selected_nodes(
                "prune_node", active_neurons_id, [len(each) for each in every[1:-1]]
            )
        for layer, nodes in enumerate(hidden, start=1):
            if len(nodes) == 0:
                raise ModelError(
                    f"prune_node: no node of layer {layer} scores above {threshold}; lower that"
                )
        kept = self._in_place([every[0], *hidden, every[-1]])
        return self._with(select_nodes(self.network, kept, self._layers("prune_node", x)))

    def prune_edge(
        self, threshold: float = 3e-2, x: Tensor | None = None, **unknown: object
    ) -> "KAN":
        """A model without the edges that score no more; their means stay in what comes out."""
        no_unknown("prune_edge", unknown, ("threshold", "x"), _GONE)
        number("prune_edge", "threshold", threshold)
        layers = self._layers("prune_edge", x)
        scores = attribution(layers, self.network.widths)
        live = [score > threshold for score in scores.edges]
        if not all(bool(each.any()) for each in live):
            raise ModelError(
                f"prune_edge: a layer has no edge that scores above {threshold}; lower that"
            )
        return self._with(mask_edges(self.network, live, layers))

    def prune_input(
        self,
        threshold: float = 1e-2,
        active_inputs: Sequence[int] | None = None,
        x: Tensor | None = None,
        **unknown: object,
    ) -> "KAN":
        """A model without the inputs that score no more, or that are not named.

        It takes the same points as before, and leaves the other columns out of account.
        """
        no_unknown("prune_input", unknown, ("threshold", "active_inputs", "x"), _GONE)
        number("prune_input", "threshold", threshold)
        widths = self.network.widths
        if active_inputs is None:
            kept = torch.nonzero(self.attribute(x=x).nodes[0] > threshold)[:, 0]
        else:
            (kept,) = _selected_nodes("prune_input", [active_inputs], [node_count(widths[0])])
        if len(kept) == 0:
            raise ModelError(f"prune_input: no input scores above {threshold}; lower the threshold")
        others = [torch.arange(node_count(width)) for width in widths[1:]]
        layers = self._layers("prune_input", x)
        return self._with(select_nodes(self.network, self._in_place([kept, *others]), layers))

    def remove_edge(self, l: int, i: int, j: int) -> "KAN":  # noqa: E741 (pykan's name)
        """A model without the edge from node i of layer l to sum j of the next."""
        layers = self._layers("remove_edge", None)
        self._check_edge("remove_edge", l, i, j)
        live = [layer.mask.clone() for layer in self.network.layers()]
        live[l][i, j] = False
        return self._with(mask_edges(self.network, live, layers))

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
        generator = torch.Generator().manual_seed(int(self._made_of[-1]))
        changed.network = standardize(noise(changed.network, generator), points)
        if y is not None:
            count = node_count(self.network.widths[-1])
            labels = checked_labels("initialize_from_data", "y", y, len(points), count)
            changed.network.scaling = scaling_of(labels.detach().to(points))
        changed.samples = points
        return changed

    def copy(self) -> "KAN":
        """The same model once more."""
        return deepcopy(self)

    def save(self, path: str | Path) -> None:
        """Write the model and the points of its last fit into one file of arrays, NAME.npz."""
        save(Path(path), self.network, self.samples)

    @staticmethod
    def load(path: str | Path) -> "KAN":
        """The model in a file that `save` has written; nothing in it is executed."""
        model = KAN([1, 1])
        model.network, model.samples = load(Path(path))
        model.inputs = len(model.network.center)
        return model

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

    def fix_symbolic(
        self,
        l: int,  # noqa: E741 (pykan's name)
        i: int,
        j: int,
        fun_name: str,
        fit_params_bool: bool = True,
        *,
        x: Tensor | None = None,
        **unknown: object,
    ) -> "KAN":
        """A model that holds c f(a x + b) + d on the edge from node i of layer l to sum j.

        The numbers are those that come nearest to what the edge gives, or 1, 0, 1 and 0 without
        `fit_params_bool`; a fit trains them with the rest.
        """
        no_unknown("fix_symbolic", unknown, ("x",), _GONE)
        one_of("fix_symbolic", "fun_name", fun_name, LIBRARY)
        edge = self._live_edge("fix_symbolic", l, i, j)
        layer = self._exact()._layers("fix_symbolic", x)[l]  # noqa: SLF001 (its own)
        gets, gives = layer.nodes[:, i], layer.edges[:, i, j]
        found = rate(fun_name, Numbers(1.0, 0.0, 1.0, 0.0), gets, gives)
        if fit_params_bool:
            level = rate("0", Numbers(1.0, 0.0, 0.0, float(gives.mean())), gets, gives)
            fits = [level] if fun_name == "0" else candidates(gets, gives, [fun_name])
            if not fits:
                raise ModelError(f"fix_symbolic: '{fun_name}' has no values on what the edge gets")
            found = fits[0]
            if found.r2 < _POOR:
                warn(
                    f"fix_symbolic: '{fun_name}' explains {max(found.r2, 0.0):.3f} of what edge "
                    f"({l}, {i}, {j}) gives; suggest_symbolic says what fits better",
                    stacklevel=2,
                )
        return self._with(with_formula(self.network, edge, found))

    def unfix_symbolic(self, l: int, i: int, j: int) -> "KAN":  # noqa: E741 (pykan's name)
        """A model with the edge's learned function again, as it was before the formula."""
        edge = self._live_edge("unfix_symbolic", l, i, j)
        if edge not in dict(symbolic_edges(self.network)):
            raise ModelError(f"unfix_symbolic: edge ({l}, {i}, {j}) holds no formula")
        return self._with(without_formula(self.network, edge))

    def suggest_symbolic(
        self,
        l: int,  # noqa: E741 (pykan's name)
        i: int,
        j: int,
        lib: Sequence[str] | None = None,
        topk: int = 5,
        weight_simple: float = 0.8,
        *,
        x: Tensor | None = None,
        **unknown: object,
    ) -> Suggestions:
        """The best formulas for an edge: what is left of its spread [bit], weighed with complexity.

        A step of complexity weighs as much as four bits at the `weight_simple` of 0.8; at 0 the
        fit alone counts.
        """
        no_unknown("suggest_symbolic", unknown, ("lib", "topk", "weight_simple", "x"), _GONE)
        edge = self._live_edge("suggest_symbolic", l, i, j)
        search = SymbolicSearch(_functions("suggest_symbolic", lib), weight_simple, 0.0)
        layers = self._exact()._layers("suggest_symbolic", x)  # noqa: SLF001 (its own)
        found = suggest(layers, edge, search, 0.0)
        return Suggestions(found.rows[: whole("suggest_symbolic", "topk", topk, 1)])

    def auto_symbolic(
        self,
        lib: Sequence[str] | None = None,
        dataset: DatasetLike | None = None,
        weight_simple: float = 0.8,
        r2_threshold: float = 0.0,
        starts: int = 0,
        **unknown: object,
    ) -> "KAN":
        """A model that holds a formula on each edge for which one reaches `r2_threshold`.

        The clearest edges come first, and after each the rest is fitted again, to the labels of
        the `dataset`, or without one to what this model gives. How well it all fits in the end is
        said by `symbolic_formula`, with the R2 of every edge.

        Where that is not exact, `starts` networks of this width are fitted afresh, made as simple
        as they can be in several ways, and read in turn; that takes seconds to a minute each.
        """
        names = ("lib", "dataset", "weight_simple", "r2_threshold", "starts")
        no_unknown("auto_symbolic", unknown, names, _GONE)
        search = SymbolicSearch(_functions("auto_symbolic", lib), weight_simple, r2_threshold)
        exact = self._exact()
        points, labels, _, _ = exact._data("auto_symbolic", dataset)  # noqa: SLF001 (its own)
        afresh = whole("auto_symbolic", "starts", starts, 0)
        found = discover(exact.network.requires_grad_(True), points, labels, search, afresh)
        return self._with(found.to(self.network.center))

    def symbolic_formula(
        self,
        var: Sequence[object] | None = None,
        ex_round: int | None = None,
        dataset: DatasetLike | None = None,
        **unknown: object,
    ) -> SymbolicFormula:
        """The formulas of all outputs in the variables, with their errors at fresh points.

        `var` are names or symbols of SymPy, x_1, x_2, ... if None. Numbers are refit to the labels
        of the `dataset`, or without one to what this model gives; those that are known well
        enough to be told from others are written as such (pi, 1/2, sqrt(2)). Other decimal numbers
        are rounded to `ex_round` digits after the point.
        """
        import sympy

        no_unknown("symbolic_formula", unknown, ("var", "ex_round", "dataset"), _GONE)
        left = learned_edges(self.network)
        if left:
            raise ModelError(
                f"symbolic_formula: edge {tuple(left[0])} holds no formula, as {len(left)} in all; "
                "call auto_symbolic or fix_symbolic, or cut it"
            )
        if var is not None and len(var) != self.inputs:
            raise ModelError(f"symbolic_formula: var: got {len(var)} names, needs {self.inputs}")
        names = [f"x_{n}" for n in range(1, self.inputs + 1)] if var is None else list(var)
        symbols = [
            each if isinstance(each, sympy.Basic) else sympy.Symbol(str(each)) for each in names
        ]
        own = tuple(sympy.Dummy(f"x{number}", real=True) for number in range(self.inputs))
        data = self._exact()._data("symbolic_formula", dataset)  # noqa: SLF001 (its own)
        points, labels, fresh, truth = (each.cpu().numpy() for each in data)
        known, unseen = ConstantSamples(own, points, labels), ConstantSamples(own, fresh, truth)
        against = "the model" if dataset is None else "the labels to test on"
        return symbolic_formula(self.network, symbols, known, unseen, against, ex_round)

    def attribute(
        self,
        l: int | None = None,  # noqa: E741 (pykan's name)
        i: int | None = None,
        x: Tensor | None = None,
    ) -> Scores:
        """How much nodes and edges matter for all that comes out, or for the nodes of layer l.

        With i for node i of it alone.
        """
        layers = self._layers("attribute", x)
        return attribution(layers, self.network.widths, l, i)

    def get_act(self, x: Tensor | DatasetLike | None = None) -> tuple[LayerActivations, ...]:
        """What enters each layer, the functions of it, what each edge and each sum gives."""
        points = x["train_input"] if isinstance(x, Mapping) else x
        return self._layers("get_act", points)

    def get_fun(
        self,
        l: int,  # noqa: E741 (pykan's name)
        i: int,
        j: int,
        x: Tensor | None = None,
    ) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """What the edge from node i of layer l to sum j gets, in increasing order, and gives."""
        self._check_edge("get_fun", l, i, j)
        layer = self._layers("get_fun", x)[l]
        order = layer.nodes[:, i].argsort()
        gets, gives = layer.nodes[order, i], layer.edges[order, i, j]
        return gets.cpu().numpy(), gives.cpu().numpy()

    def get_range(
        self,
        l: int,  # noqa: E741 (pykan's name)
        i: int,
        j: int,
        x: Tensor | None = None,
    ) -> tuple[float, float, float, float]:
        """The least and the greatest that an edge gets and gives: x_min, x_max, y_min, y_max."""
        gets, gives = self.get_fun(l, i, j, x)
        return float(gets[0]), float(gets[-1]), float(gives.min()), float(gives.max())

    def speed(self, compile: Literal[False] = False) -> "KAN":  # noqa: A002 (pykan's name)
        """The model itself: it is not needed here."""
        del compile
        warn("speed: not needed, pikan's models are fast as they are", stacklevel=2)
        return self

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (as in nn.Module)
        if name in _ABSENT:
            raise AbsentError(f"KAN has no '{name}': {_ABSENT[name]}")
        return super().__getattr__(name)

    def __repr__(self) -> str:
        count = sum(parameter.numel() for parameter in self.parameters())
        basis = word(self.network.layers()[-1].edges.basis)
        made = f"width={self.width}, grid={self.grid}, k={self.k}, basis='{basis}'"
        return f"KAN({made}, {count} parameters)"

    def _start(self, data: Data, plan: FitPlan, gridded: bool) -> KANNetwork | None:
        """Where a fit to these data begins: None for where this model is, unless it is new."""
        center = self.network.center
        made, now = build_kan(*self._made_of, center.device).to(center), self.network
        pairs = zip(made.state_dict().values(), now.state_dict().values(), strict=False)
        new = len(made.state_dict()) == len(now.state_dict()) and all(
            one.shape == other.shape and torch.allclose(one, other) for one, other in pairs
        )
        if not new:
            return None
        scaled, start = plan.loss is None, deepcopy(now)
        hidden, last = _SMALL if scaled and not plan.rules.strength else _LARGE
        if gridded:
            start = standardize(now, data.train_input, hidden=hidden, last=last)
        if scaled:
            start.scaling = scaling_of(data.train_label)
        return start

    def _exact(self) -> "KAN":
        """A copy in double precision, whose last digits tell one function from another."""
        return deepcopy(self).double()

    def _with(self, network: KANNetwork) -> "KAN":
        """A model with the points of this one and a copy of another network."""
        changed = deepcopy(self)
        changed.network = deepcopy(network)
        return changed

    def _points(self, call: str, x: Tensor | None) -> Float[Tensor, "n d"]:
        """The points given, those of the last fit, or many spread evenly over the grid."""
        center = self.network.center
        if x is not None:
            return valid_points(call, "x", x, self.inputs).detach().to(center)
        if len(self.samples):
            return self.samples
        knots = self.network.layers()[0].edges.basis.knots
        spread = torch.quasirandom.SobolEngine(self.inputs, scramble=True, seed=0)
        shares = spread.draw(_POINTS).to(center)
        lower, upper = torch.zeros_like(shares[0]), torch.ones_like(shares[0])
        entering = list(self.network.inputs)
        lower[entering], upper[entering] = knots[:, 0], knots[:, -1]
        return lower + shares * (upper - lower)

    def _layers(self, call: str, x: Tensor | None) -> tuple[LayerActivations, ...]:
        with torch.no_grad():
            return self.network.activations(self._points(call, x))

    def _data(
        self, call: str, dataset: DatasetLike | None
    ) -> tuple[
        Float[Tensor, "n d"], Float[Tensor, "n m"], Float[Tensor, "k d"], Float[Tensor, "k m"]
    ]:
        """Points and labels to fit to and to test on: the dataset's, or what this model gives."""
        if dataset is not None:
            known = node_count(self.network.widths[-1])
            data = check_dataset(dataset, self.inputs, known, self.network.center)
            return data.train_input, data.train_label, data.test_input, data.test_label
        points = self._points(call, None)
        lower, upper = points.amin(dim=0), points.amax(dim=0)
        spread = torch.quasirandom.SobolEngine(self.inputs, scramble=True, seed=1)
        fresh = lower + spread.draw(_POINTS).to(points) * (upper - lower)
        with torch.no_grad():
            return points, self(points), fresh, self(fresh)

    def _live_edge(self, call: str, l: int, i: int, j: int) -> Edge:  # noqa: E741
        self._check_edge(call, l, i, j)
        if not bool(self.network.layers()[l].mask[i, j]):
            raise ModelError(f"{call}: edge ({l}, {i}, {j}) has been cut")
        return Edge(l, i, j)

    def _in_place(self, nodes: Sequence[Tensor]) -> list[Tensor]:
        return [each.to(self.network.center.device) for each in nodes]

    def _check_edge(self, call: str, l: int, i: int, j: int) -> None:  # noqa: E741 (pykan's name)
        for name, given in (("l", l), ("i", i), ("j", j)):
            whole(call, name, given, 0)
        shapes = [tuple(layer.mask.shape) for layer in self.network.layers()]
        if l >= len(shapes) or i >= shapes[l][0] or j >= shapes[l][1]:
            raise ModelError(
                f"{call}: no edge ({l}, {i}, {j}); layers of edges are (nodes, sums): "
                f"{', '.join(map(str, shapes))}, counted from 0"
            )


@final
class History(dict[str, list[float]]):
    """The numbers of every step of a fit by name, and how it went.

    `first_loss` is the training loss before the first step, `best_loss` that of the state in which
    the model was left, after step `best_step` (from 0; -1 is the start). `outcome` says how the
    fit ended: its `kind` is "converged" where nothing was left to gain, "out of budget" where all
    steps were used up, "stalled" where none of them helped, and "diverged"; its `message` says
    more.
    """

    def __init__(self, steps: Mapping[str, list[float]], ended: FitResult) -> None:
        super().__init__(steps)
        self.first_loss, self.best_loss, self.best_step, self.outcome = ended


_KNOWN_MAKING = ("width", "grid", "k", "seed", "basis", "base_fun", "grid_range", "device", "dtype")
_KNOWN_FITTING = tuple(
    name for name in KAN.fit.__annotations__ if name not in ("return", "unknown")
)
_KNOWN_PLOTTING = tuple(
    name for name in KAN.plot.__annotations__ if name not in ("return", "unknown")
)


def _functions(call: str, lib: Sequence[str] | None) -> tuple[str, ...]:
    """The functions named, or those that are looked among where none are; ModelError if unknown."""
    if lib is None:
        return USUAL
    return tuple(one_of(call, "lib", name, LIBRARY) for name in lib)


def _name(metric: Callable[[], Tensor | float]) -> str:
    return getattr(metric, "__name__", type(metric).__name__)


def _selected_nodes(
    call: str, given: Sequence[Sequence[int]], counts: Sequence[int]
) -> list[Tensor]:
    """The nodes named of each layer, in increasing order; ModelError where there are none such."""
    if len(given) != len(counts):
        raise ModelError(f"{call}: got nodes of {len(given)} layers, needs {len(counts)}")
    for nodes, count in zip(given, counts, strict=True):
        if len(nodes) == 0 or not all(0 <= node < count for node in nodes):
            raise ModelError(f"{call}: got {list(nodes)}, needs some of 0 to {count - 1}")
    return [torch.tensor(sorted(set(nodes))) for nodes in given]
