"""A network from its architecture, and the architecture of a network."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.bases.from_word import basis_from_word, word
from pikan.expression.error import FormulaError
from pikan.expression.functions import CONSTANTS
from pikan.expression.parse import parse
from pikan.expression.tree import Expression, names, text
from pikan.network import architecture as plans
from pikan.network.activation import ACTIVATIONS, Activation
from pikan.network.base import Network
from pikan.network.characteristic import CharacteristicNetwork
from pikan.network.kan import KANNetwork, Scaling, with_layers
from pikan.network.laurent import LaurentDegrees, LaurentFunctions
from pikan.network.layer import Layer
from pikan.network.mlp import MLP
from pikan.network.parametric import (
    ParameterFunctions,
    ParametricProduct,
    PolynomialFunctions,
    RationalFunctions,
)
from pikan.network.piecewise import PiecewiseProduct
from pikan.network.product import FullProduct, LowRank
from pikan.network.reduced import ReducedFunctions
from pikan.network.singular import SingularFunctions
from pikan.network.symbolic_edges import SymbolicEdge
from pikan.network.time_slabs import TimeSlabs
from pikan.network.trial import TrialFunctions, TrialNetwork


def architecture_text(network: Network) -> str:
    """All that a network's state does not say: kinds, widths, degrees, numbers of knots.

    >>> architecture_text(MLP([2, 8, 1], [0.0, 0.0], [1.0, 1.0]))
    '{"widths":[2,8,1],"kind":"mlp"}'
    """
    return plans.text(architecture(network))


def network_from_text(text: str, most: int | None = None) -> Network:
    """A network of this architecture in float64, which waits for the state that it had.

    ArchitectureError, before anything is made, where the text is none that `architecture_text`
    writes or asks for more than `most` numbers, None for any that a machine can hold.
    """
    return build_network(plans.from_text(text) if most is None else plans.from_text(text, most))


def restore(text: str, state: Mapping[str, Tensor], most: int | None = None) -> Network:
    """The network of an architecture with the numbers of a state; ArchitectureError if none fit.

    Nothing is made that has more than `most` numbers.
    """
    made = network_from_text(text, most)
    needed = made.state_dict()
    for name in sorted(needed.keys() | state.keys()):
        sizes = [tuple(each[name].shape) if name in each else None for each in (state, needed)]
        if sizes[0] != sizes[1]:
            raise plans.ArchitectureError(
                f"state: '{name}' has the size {sizes[0]}, needs {sizes[1]}"
            )
        kinds = [each[name].dtype for each in (state, needed)]
        if kinds[0] != kinds[1] and not all(kind.is_floating_point for kind in kinds):
            raise plans.ArchitectureError(f"state: '{name}' holds {kinds[0]}, needs {kinds[1]}")
    # Assigned, not copied into what is there, the numbers keep the precision that they have.
    made.load_state_dict({name: state[name].clone() for name in needed}, assign=True)
    for part in made.modules():
        if isinstance(part, Layer):
            part.symbolic.check(part.mask)
        if isinstance(part, Basis) and not bool((part.knots[:, -1] > part.knots[:, 0]).all()):
            raise plans.ArchitectureError("state: a grid has no length")
        if isinstance(part, PolynomialFunctions | ReducedFunctions) and not part.is_sound():
            raise plans.ArchitectureError("state: the degree of a parameter is none")
    return made


def architecture(network: Network) -> plans.Architecture:
    """The architecture of a network; ArchitectureError where there is no word for a part of it."""
    if isinstance(network, TimeSlabs):
        return plans.TimeSlabsArchitecture(
            network.axis, tuple(_single(each) for each in network.slabs())
        )
    if isinstance(network, PiecewiseProduct):
        parts = tuple(map(_product, network.pieces()))
        return plans.PiecesArchitecture(parts)
    return _single(network)


def _single(network: Network) -> plans.SingleArchitecture:
    if not isinstance(network, TrialNetwork):
        return _plain(network)
    functions = network.functions
    return plans.TrialArchitecture(
        _plain(network.network),
        functions.coordinates,
        tuple(map(text, functions.lifts)),
        tuple(
            tuple((orders, text(factor)) for orders, factor in factors.items())
            for factors in functions.factors
        ),
        functions.periodic,
    )


def _plain(network: Network) -> plans.PlainArchitecture:
    match network:
        case KANNetwork():
            layers = network.layers()
            return plans.KANArchitecture(
                network.widths,
                tuple(_basis(layer.edges.basis) for layer in layers),
                _function_name(layers[0].edges.base),
                _function_name(network.squash),
                len(network.center),
                network.inputs,
                tuple(len(layer.symbolic) for layer in layers),
                network.scaling is not None,
            )
        case FullProduct():
            return _product(network)
        case LowRank():
            bases = tuple(map(_basis, network.axes()))
            rank, unknowns = network.coefficients.shape
            return plans.LowRankArchitecture(bases, rank, unknowns)
        case CharacteristicNetwork(product=product):
            first, second = map(_basis, product.axes())
            unknowns = product.coefficients.shape[1]
            time = 1 if network.time else 0
            return plans.CharacteristicArchitecture((first, second), unknowns, time)
        case ParametricProduct(fields=fields, functions=functions):
            return plans.ParametricArchitecture(
                tuple(map(_basis, fields.axes())),
                network.rank,
                network.unknowns,
                len(functions.lower),
                len(functions.coefficients),
                functions.kind,
                sizes=functions.sizes if isinstance(functions, ReducedFunctions) else (0, 0, 0),
                negligible=network.negligible,
            )
        case MLP():
            matrices = (*network.weights, network.coefficients)
            first = matrices[0].shape[0] - 1
            return plans.MLPArchitecture((first, *(matrix.shape[1] for matrix in matrices)))
        case _:
            raise plans.ArchitectureError(
                f"network: got '{type(network).__name__}', needs KAN, FullProduct, LowRank, "
                "ParametricProduct or MLP"
            )


def _product(
    network: FullProduct,
) -> plans.FullProductArchitecture | plans.SingularArchitecture:
    bases = tuple(map(_basis, network.axes()))
    unknowns = network.coefficients.shape[1]
    if network.additions():
        corners, series = network.singular, network.laurent
        return plans.SingularArchitecture(
            bases,
            unknowns,
            0 if corners is None else len(corners.exponents),
            0 if corners is None else corners.degree,
            0 if series is None else len(series.centers),
            (1, 0, 1, 0) if series is None else series.degrees[:],
        )
    if network.total:
        return plans.FullProductArchitecture(bases, unknowns, "product of total degree")
    return plans.FullProductArchitecture(bases, unknowns)


def _basis(basis: Basis) -> plans.BasisArchitecture:
    try:
        return plans.BasisArchitecture(word(basis), basis.degree, basis.knots.shape[1])
    except ValueError as fault:
        raise plans.ArchitectureError(str(fault)) from None


def _function_name(function: Activation | None) -> plans.FunctionName | None:
    if function is None:
        return None
    for name, known in ACTIVATIONS.items():
        if known is function:
            return name
    raise plans.ArchitectureError(
        f"function: got {function!r:.100}, needs one of {', '.join(ACTIVATIONS)}"
    )


def build_network(plan: plans.Architecture) -> Network:
    """A network made like this, in float64, on a box and on knots that mean nothing yet."""
    coordinates, unknowns = plans.ends(plan)
    lower, upper = [-1.0] * coordinates, [1.0] * coordinates
    match plan:
        case plans.KANArchitecture(widths=widths):
            bases = _bases(plan.bases, [plans.node_count(width) for width in widths[:-1]])
            base = None if plan.base is None else ACTIVATIONS[plan.base]
            squash = None if plan.squash is None else ACTIVATIONS[plan.squash]
            made = KANNetwork(widths, bases, lower, upper, base, squash)
            ones = made.center.new_ones(unknowns)
            made.scaling = Scaling(ones, ones) if plan.scaled else None
            layers = [
                layer.replace(formulas=[SymbolicEdge(0, 0, "x", (0.0, 0.0, 0.0, 0.0), 0.0)] * count)
                for layer, count in zip(made.layers(), plan.formulas, strict=True)
            ]
            return with_layers(made, layers, inputs=plan.inputs)
        case plans.FullProductArchitecture(bases=bases):
            total = plan.kind == "product of total degree"
            made = _bases(bases, [1] * coordinates)
            return FullProduct(made, unknowns, lower, upper, total=total)
        case plans.SingularArchitecture(bases=bases):
            made = _bases(bases, [1] * coordinates)
            corners, series = _singular_functions(plan), _laurent_functions(plan)
            return FullProduct(
                made, unknowns, lower, upper, total=True, singular=corners, laurent=series
            )
        case plans.LowRankArchitecture(bases=bases, rank=rank):
            return LowRank(_bases(bases, [1] * coordinates), rank, unknowns, lower, upper)
        case plans.CharacteristicArchitecture(bases=bases):
            product = FullProduct(_bases(bases, [1, 1]), unknowns, lower, upper)
            return CharacteristicNetwork(product, 1.0, lower, upper, plan.time)
        case plans.ParametricArchitecture(bases=bases, rank=rank):
            count = len(bases)
            fields = FullProduct(
                _bases(bases, [1] * count), rank * unknowns, lower[:count], upper[:count]
            )
            functions = _parameter_functions(plan)
            return ParametricProduct(fields, functions, unknowns, plan.negligible)
        case plans.MLPArchitecture(widths=widths):
            return MLP(widths, lower, upper)
        case plans.TrialArchitecture():
            return TrialNetwork(build_network(plan.network), _functions(plan), lower, upper)
        case plans.TimeSlabsArchitecture() | plans.PiecesArchitecture():
            return _side_by_side(plan)


def _side_by_side(plan: plans.TimeSlabsArchitecture | plans.PiecesArchitecture) -> Network:
    """Networks for slabs in time or pieces of a region, whose places mean nothing yet."""
    if isinstance(plan, plans.TimeSlabsArchitecture):
        edges = [float(edge) for edge in range(len(plan.networks) + 1)]
        return TimeSlabs(edges, [build_network(each) for each in plan.networks], plan.axis)
    made = [build_network(each) for each in plan.parts]
    return PiecewiseProduct([one for one in made if isinstance(one, FullProduct)], ())


def _parameter_functions(plan: plans.ParametricArchitecture) -> ParameterFunctions:
    match plan.functions:
        case "polynomial":
            return PolynomialFunctions(plan.parameters, plan.terms, plan.rank)
        case "rational":
            return RationalFunctions(plan.parameters, plan.terms, plan.rank)
        case "reduced":
            return ReducedFunctions(plan.parameters, plan.rank, plan.sizes)


def _singular_functions(plan: plans.SingularArchitecture) -> SingularFunctions | None:
    """Those beside a product, at points that mean nothing yet; None without any."""
    if not plan.functions:
        return None
    nothing = torch.zeros(plan.functions, dtype=torch.float64)
    points = torch.zeros(plan.functions, 2, dtype=torch.float64)
    return SingularFunctions(points, nothing, nothing, nothing + 1.0, nothing + 1.0, plan.degree)


def _laurent_functions(plan: plans.SingularArchitecture) -> LaurentFunctions | None:
    """The series about holes, which have no place yet; None without any."""
    if not plan.holes:
        return None
    pairs, one = torch.ones(plan.holes, 2, dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    degrees = LaurentDegrees(*plan.laurent)
    return LaurentFunctions(pairs, pairs, pairs[:, 0].clone(), one, one.clone(), degrees)


def _functions(plan: plans.TrialArchitecture) -> TrialFunctions:
    """The formulas of a trial solution; ArchitectureError for texts that are none."""

    def formula(given: str) -> Expression:
        try:
            read = parse(given)
        except FormulaError as fault:
            raise plans.ArchitectureError(f"trial solution: {fault}") from None
        if unknown := names(read) - {*plan.coordinates, *CONSTANTS}:
            raise plans.ArchitectureError(
                f"trial solution: '{min(unknown)}' is the name of no coordinate"
            )
        return read

    factors = tuple({orders: formula(factor) for orders, factor in one} for one in plan.factors)
    return TrialFunctions(plan.coordinates, tuple(map(formula, plan.lifts)), factors, plan.periodic)


def _bases(plans_of: Sequence[plans.BasisArchitecture], nodes: Sequence[int]) -> list[Basis]:
    return [
        basis_from_word(plan.kind, torch.zeros(count, plan.knots, dtype=torch.float64), plan.degree)
        for plan, count in zip(plans_of, nodes, strict=True)
    ]
