"""Formulas on the edges of a KAN: put there, suggested, read."""

from collections.abc import Sequence

from torch import Tensor

from pikan.kan.arguments import ModelError, known_arguments, whole
from pikan.kan.dataset import DatasetLike
from pikan.kan.formulas import fitted_formula, live_edge, model_formula, read_search
from pikan.kan.model import Model, Same
from pikan.symbolic.snap import (
    Edge,
    Suggestions,
    discover,
    suggest,
    symbolic_edges,
    with_formula,
    without_formula,
)
from pikan.symbolic.symbolic_formula import SymbolicFormula


class SymbolicModel(Model):
    """A model whose edges may hold formulas."""

    @known_arguments
    def fix_symbolic(
        self: Same,
        l: int,
        i: int,
        j: int,
        fun_name: str,
        fit_params_bool: bool = True,
        *,
        x: Tensor | None = None,
    ) -> Same:
        """A model that holds c f(a x + b) + d on the edge from node i of layer l to sum j.

        The numbers are those that come nearest to what the edge gives, or 1, 0, 1 and 0 without
        `fit_params_bool`; a fit trains them with the rest.
        """
        edge = live_edge("fix_symbolic", self.network, Edge(l, i, j))
        layers = self._exact()._layers("fix_symbolic", x)  # noqa: SLF001 (its own)
        found = fitted_formula(layers, edge, fun_name, fit_params_bool)
        return self._with(with_formula(self.network, edge, found))

    def unfix_symbolic(self: Same, l: int, i: int, j: int) -> Same:
        """A model with the edge's learned function again, as it was before the formula."""
        edge = live_edge("unfix_symbolic", self.network, Edge(l, i, j))
        if edge not in dict(symbolic_edges(self.network)):
            raise ModelError(f"unfix_symbolic: edge ({l}, {i}, {j}) holds no formula")
        return self._with(without_formula(self.network, edge))

    @known_arguments
    def suggest_symbolic(
        self,
        l: int,
        i: int,
        j: int,
        lib: Sequence[str] | None = None,
        topk: int = 5,
        weight_simple: float = 0.8,
        *,
        x: Tensor | None = None,
    ) -> Suggestions:
        """The best formulas for an edge: what is left of its spread [bit], weighed with complexity.

        A step of complexity weighs as much as four bits at the `weight_simple` of 0.8; at 0 the
        fit alone counts.
        """
        edge = live_edge("suggest_symbolic", self.network, Edge(l, i, j))
        search = read_search("suggest_symbolic", lib, weight_simple, 0.0)
        layers = self._exact()._layers("suggest_symbolic", x)  # noqa: SLF001 (its own)
        found = suggest(layers, edge, search, 0.0)
        return Suggestions(found.rows[: whole("suggest_symbolic", "topk", topk, 1)])

    @known_arguments
    def auto_symbolic(
        self: Same,
        lib: Sequence[str] | None = None,
        dataset: DatasetLike | None = None,
        weight_simple: float = 0.8,
        r2_threshold: float = 0.0,
        starts: int = 0,
    ) -> Same:
        """A model that holds a formula on each edge for which one reaches `r2_threshold`.

        The clearest edges come first, and after each the rest is fitted again, to the labels of
        the `dataset`, or without one to what this model gives. How well it all fits in the end is
        said by `symbolic_formula`, with the R2 of every edge.

        Where that is not exact, `starts` networks of this width are fitted afresh, made as simple
        as they can be in several ways, and read in turn; that takes seconds to a minute each.
        """
        search = read_search("auto_symbolic", lib, weight_simple, r2_threshold)
        exact = self._exact()
        points, labels, _, _ = exact._data("auto_symbolic", dataset)  # noqa: SLF001 (its own)
        afresh = whole("auto_symbolic", "starts", starts, 0)
        found = discover(exact.network.requires_grad_(True), points, labels, search, afresh)
        return self._with(found.to(self.network.center))

    @known_arguments
    def symbolic_formula(
        self,
        var: Sequence[object] | None = None,
        ex_round: int | None = None,
        dataset: DatasetLike | None = None,
    ) -> SymbolicFormula:
        """The formulas of all outputs in the variables, with their errors at fresh points.

        `var` are names or symbols of SymPy, x_1, x_2, ... if None. Numbers are refit to the labels
        of the `dataset`, or without one to what this model gives; those that are known well
        enough to be told from others are written as such (pi, 1/2, sqrt(2)). Other decimal numbers
        are rounded to `ex_round` digits after the point.
        """
        data = self._exact()._data("symbolic_formula", dataset)  # noqa: SLF001 (its own)
        against = "the model" if dataset is None else "the labels to test on"
        return model_formula(self.network, data, var, ex_round, against)
