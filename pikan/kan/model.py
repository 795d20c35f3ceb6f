"""A KAN with the points of its last fit: what is called, looked at and copied."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, TypeVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from pikan.bases.from_word import word
from pikan.kan.arguments import AbsentError, ModelError
from pikan.kan.attribution import Scores, attribution
from pikan.kan.dataset import DatasetLike, tensor
from pikan.kan.formulas import check_edge
from pikan.kan.make import Make
from pikan.kan.pykan_names import ABSENT
from pikan.kan.samples import LabeledPoints, labeled_points, points_to_look_at
from pikan.kan.start import first_step
from pikan.network.kan import KANNetwork
from pikan.network.layer import LayerActivations
from pikan.network.width import node_count
from pikan.symbolic.snap import Edge

# The kind of a model (jaxtyping checks methods one by one, where Self has no meaning).
Same = TypeVar("Same", bound="Model")


class Model(nn.Module):
    """A KAN as a plain nn.Module that remembers the points of its last fit.

    What `KAN` trains, changes and reads formulas from; see there.
    """

    network: KANNetwork
    samples: Float[Tensor, "n d"]
    inputs: int
    # Whether the first step of training is yet to come, and the rows that it laid the model by.
    is_new: bool = True
    laid_by: Float[Tensor, "k d"] | None = None
    make: Make

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
        if not torch.compiler.is_compiling() and self.is_new and self.training:
            laid_by = first_step(self.network, self.make, rows)
            self.is_new = laid_by is None
            if laid_by is not None and len(laid_by):
                self.samples = self.laid_by = laid_by
        values: Tensor = self.network(rows)
        return values.reshape(*points.shape[:-1], node_count(self.network.widths[-1]))

    def attribute(
        self, l: int | None = None, i: int | None = None, x: Tensor | None = None
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
        self, l: int, i: int, j: int, x: Tensor | None = None
    ) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """What the edge from node i of layer l to sum j gets, in increasing order, and gives."""
        check_edge("get_fun", self.network, Edge(l, i, j))
        layer = self._layers("get_fun", x)[l]
        order = layer.nodes[:, i].argsort()
        gets, gives = layer.nodes[order, i], layer.edges[order, i, j]
        return gets.cpu().numpy(), gives.cpu().numpy()

    def get_range(
        self, l: int, i: int, j: int, x: Tensor | None = None
    ) -> tuple[float, float, float, float]:
        """The least and the greatest that an edge gets and gives: x_min, x_max, y_min, y_max."""
        gets, gives = self.get_fun(l, i, j, x)
        return float(gets[0]), float(gets[-1]), float(gives.min()), float(gives.max())

    def copy(self: Same) -> Same:
        """The same model once more."""
        # They are to stay the same: no first step changes either.
        self.is_new = False
        return deepcopy(self)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (as in nn.Module)
        if name in ABSENT:
            raise AbsentError(f"KAN has no '{name}': {ABSENT[name]}")
        return super().__getattr__(name)

    def __repr__(self) -> str:
        count = sum(parameter.numel() for parameter in self.parameters())
        basis = word(self.network.layers()[-1].edges.basis)
        made = f"width={self.width}, grid={self.grid}, k={self.k}, basis='{basis}'"
        return f"KAN({made}, {count} parameters)"

    def _exact(self: Same) -> Same:
        """A copy in double precision, whose last digits tell one function from another."""
        return deepcopy(self).double()

    def _with(self: Same, network: KANNetwork) -> Same:
        """A model with the points of this one and a copy of another network."""
        changed = self.copy()
        changed.network = deepcopy(network)
        return changed

    def _points(self, call: str, x: Tensor | None) -> Float[Tensor, "n d"]:
        return points_to_look_at(call, self.network, self.samples, x)

    def _layers(self, call: str, x: Tensor | None) -> tuple[LayerActivations, ...]:
        with torch.no_grad():
            return self.network.activations(self._points(call, x))

    def _data(self, call: str, dataset: DatasetLike | None) -> LabeledPoints:
        return labeled_points(self.network, self._points(call, None), dataset)
