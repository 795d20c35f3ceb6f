"""Formulas on the edges of a model, from pykan's words for them."""

from collections.abc import Sequence
from warnings import warn

from pikan.kan.arguments import ModelError, one_of, whole
from pikan.kan.samples import LabeledPoints
from pikan.network.kan import KANNetwork
from pikan.network.layer import LayerActivations
from pikan.network.symbolic_functions import exponent, own_names
from pikan.symbolic.candidates import Candidate, candidates, rate
from pikan.symbolic.library import LIBRARY, REAL_POWER, Numbers, usual_names
from pikan.symbolic.refit import ConstantSamples
from pikan.symbolic.snap import Edge, SymbolicSearch, learned_edges
from pikan.symbolic.symbolic_formula import SymbolicFormula, symbolic_formula

# Below this R2 a formula that was asked for has hardly to do with its edge.
_POOR = 0.9


def check_edge(call: str, network: KANNetwork, edge: Edge) -> None:
    """ModelError where a network has no such edge."""
    for name, given in zip(("l", "i", "j"), edge, strict=True):
        whole(call, name, given, 0)
    shapes = [tuple(layer.mask.shape) for layer in network.layers()]
    l, i, j = edge
    if l >= len(shapes) or i >= shapes[l][0] or j >= shapes[l][1]:
        raise ModelError(
            f"{call}: no edge ({l}, {i}, {j}); layers of edges are (nodes, sums): "
            f"{', '.join(map(str, shapes))}, counted from 0"
        )


def live_edge(call: str, network: KANNetwork, edge: Edge) -> Edge:
    """The edge, if a network has it and it has not been cut; ModelError if not."""
    check_edge(call, network, edge)
    if not bool(network.layers()[edge.layer].mask[edge.i, edge.j]):
        raise ModelError(f"{call}: edge {tuple(edge)} has been cut")
    return edge


def read_search(
    call: str, lib: Sequence[str] | None, weight_simple: float, r2_threshold: float
) -> SymbolicSearch:
    """A search among the functions named, or the usual ones; ModelError if one is unknown."""
    names = usual_names() if lib is None else tuple(_known_name(call, "lib", each) for each in lib)
    return SymbolicSearch(names, weight_simple, r2_threshold)


def _known_name(call: str, argument: str, name: object) -> str:
    """The name of a function that edges may hold, the real powers and those added among them."""
    if isinstance(name, str) and exponent(name) is not None:
        return name
    return one_of(call, argument, name, (*LIBRARY, REAL_POWER, *own_names()))


def fitted_formula(
    layers: Sequence[LayerActivations], edge: Edge, name: str, fitted: bool
) -> Candidate:
    """The function of this name nearest to an edge, with numbers 1, 0, 1 and 0 unless `fitted`.

    Warns where it explains little of what the edge gives.
    """
    _known_name("fix_symbolic", "fun_name", name)
    layer = layers[edge.layer]
    gets, gives = layer.nodes[:, edge.i], layer.edges[:, edge.i, edge.j]
    if not fitted and name == REAL_POWER:
        raise ModelError("fix_symbolic: 'x^p' is fitted; name a power, such as 'x^0.7'")
    if not fitted:
        return rate(name, Numbers(1.0, 0.0, 1.0, 0.0), gets, gives)
    level = rate("0", Numbers(1.0, 0.0, 0.0, float(gives.mean())), gets, gives)
    fits = [level] if name == "0" else candidates(gets, gives, [name])
    if not fits:
        raise ModelError(f"fix_symbolic: '{name}' has no values on what the edge gets")
    if fits[0].r2 < _POOR:
        warn(
            f"fix_symbolic: '{name}' explains {max(fits[0].r2, 0.0):.3f} of what edge "
            f"{tuple(edge)} gives; suggest_symbolic says what fits better",
            stacklevel=4,
        )
    return fits[0]


def model_formula(
    network: KANNetwork,
    data: LabeledPoints,
    var: Sequence[object] | None,
    digits: int | None,
    against: str,
) -> SymbolicFormula:
    """The formulas of all outputs in the variables; ModelError where an edge holds none."""
    import sympy

    left, inputs = learned_edges(network), len(network.center)
    if left:
        raise ModelError(
            f"symbolic_formula: edge {tuple(left[0])} holds no formula, as {len(left)} in all; "
            "call auto_symbolic or fix_symbolic, or cut it"
        )
    if var is not None and len(var) != inputs:
        raise ModelError(f"symbolic_formula: var: got {len(var)} names, needs {inputs}")
    names = [f"x_{n}" for n in range(1, inputs + 1)] if var is None else list(var)
    symbols = [each if isinstance(each, sympy.Basic) else sympy.Symbol(str(each)) for each in names]
    own = tuple(sympy.Dummy(f"x{number}", real=True) for number in range(inputs))
    points, labels, fresh, truth = (each.cpu().numpy() for each in data)
    known, unseen = ConstantSamples(own, points, labels), ConstantSamples(own, fresh, truth)
    return symbolic_formula(network, symbols, known, unseen, against, digits)
