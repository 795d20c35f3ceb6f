"""A symbolic network as one expression for each output."""

from collections.abc import Sequence
from typing import Any

from pikan.network.kan import KANNetwork
from pikan.network.symbolic_edges import SymbolicEdge
from pikan.network.width import Width, sum_count
from pikan.symbolic.library import library_function

# SymPy comes without types, and is imported only where it is needed: it takes half a second.
Symbolic = Any


def expressions(network: KANNetwork, symbols: Sequence[Symbolic]) -> list[Symbolic]:
    """What comes out, each as an expression of the symbols, one for each coordinate given.

    Sums inside a function are as short as they can be: what a function makes of a factor or of a
    term is written outside where it has a form of its own there.
    """
    import sympy

    box = list(zip(symbols, network.center.tolist(), network.scale.tolist(), strict=True))
    nodes: list[Symbolic] = [
        symbol if (middle, half) == (0.0, 1.0) else (symbol - middle) / half
        for symbol, middle, half in (box[column] for column in network.inputs)
    ]
    widths = network.widths[1:]
    for number, (layer, width) in enumerate(zip(network.layers(), widths, strict=True)):
        squash = network.squash is not None and number < len(widths) - 1
        sums: list[Symbolic] = [sympy.Integer(0) for _ in range(sum_count(width))]
        for formula in layer.symbolic.all():
            sums[formula.j] += _apply_formula(formula, nodes[formula.i])
        nodes = _multiply(sums, width)
        nodes = [sympy.tanh(node) for node in nodes] if squash else nodes
    if network.scaling is None:
        return nodes
    factors, offsets = (each.tolist() for each in network.scaling.buffers())
    scaled = zip(nodes, factors, offsets, strict=True)
    return [_number(factor) * node + _number(offset) for node, factor, offset in scaled]


def _multiply(sums: Sequence[Symbolic], width: Width) -> list[Symbolic]:
    if isinstance(width, int):
        return list(sums)
    factors = sums[width[0] :]
    return [
        *sums[: width[0]],
        *(left * right for left, right in zip(factors[::2], factors[1::2], strict=True)),
    ]


def _apply_formula(formula: SymbolicEdge, node: Symbolic) -> Symbolic:
    """A formula of a node, with factors and terms of the argument drawn out."""
    import sympy

    a, b, c, d = (_number(number) for number in formula.numbers)
    inner = sympy.expand(a * node + b)
    match formula.name:
        case "0":
            return d
        case "x":
            return sympy.expand(c * inner) + d
        case "exp":
            constant, rest = inner.as_coeff_Add()
            return c * sympy.exp(constant) * sympy.exp(rest) + d
        case "log":
            factor, inner = _factor_out(inner)
            return c * sympy.log(inner) + d + c * sympy.log(factor)
        case "1/x" | "1/x^2" | "1/x^3" | "sqrt" | "1/sqrt(x)" | "x^1.5" | "x^2" | "x^3":
            factor, inner = _factor_out(inner)
            f = library_function(formula.name).symbolic
            return c * f(factor) * f(inner) + d
        case _:
            return c * library_function(formula.name).symbolic(inner) + d


def _factor_out(inner: Symbolic) -> tuple[Symbolic, Symbolic]:
    """The size of the largest coefficient of a sum, and the sum divided by it."""
    import sympy

    sizes = [abs(term.as_coeff_Mul()[0]) for term in sympy.Add.make_args(inner)]
    factor = max(sizes)
    if factor == 0 or (len(sizes) == 1 and not inner.free_symbols):
        return sympy.Integer(1), inner
    inner = sympy.expand(inner / factor)
    # The largest has the coefficient one by this division, which is not to be fitted again.
    decimals = [each for each in inner.atoms(sympy.Float) if abs(abs(each) - 1) < 1e-14]
    ones = {each: sympy.Integer(round(each)) for each in decimals}
    return factor, inner.xreplace(ones)


def _number(number: float) -> Symbolic:
    """A number, whole where it is one or zero: what is so by its form is exact."""
    import sympy

    return sympy.Integer(int(number)) if number in (-1.0, 0.0, 1.0) else sympy.Float(number)
