"""Formula text into a checked tree, by Python's `ast` and a list of what is allowed."""

import ast
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pikan.expression.check import collect_faults
from pikan.expression.error import Check, FormulaError
from pikan.expression.functions import CALLABLE
from pikan.expression.scan import Token, check_functions, check_order, quote, tokens, usage
from pikan.expression.tree import (
    ZERO,
    Call,
    Expression,
    Name,
    Negative,
    Number,
    Operation,
    Operator,
    fold,
    negative,
    number_text,
)

LARGEST_POWER = 100
# Trees are walked by recursion, in Python too; a sum of n terms is n deep.
DEEPEST = 100

OPERATORS: Mapping[type[ast.operator], Operator] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}


class Source(NamedTuple):
    """The formula as it was given, and the column of every token in what `ast` reads."""

    text: str
    columns: Mapping[int, int]


class ParsedFormula(NamedTuple):
    """All that a text says: what is wrong with it, the names in it, and its trees.

    There is a tree for each side of an equation, and one for a formula. They are of use only where
    nothing is wrong; the names are right in any case, functions are not among them.
    """

    faults: tuple[FormulaError, ...]
    names: frozenset[str]
    sides: tuple[Expression, ...]

    @property
    def messages(self) -> tuple[str, ...]:
        """A sentence for each fault."""
        return tuple(map(str, self.faults))


def parse(text: str) -> Expression:
    """The tree of a formula; FormulaError says all that is wrong with it, within milliseconds.

    Nothing is evaluated. `^` and `**` are both the power, and bind to the right.

    >>> parse("u_t - 2*x^2").operator
    '-'
    """
    reading = read_formula(text)
    if reading.faults:
        first = reading.faults[0]
        raise FormulaError(str(first), first.column, reading.messages)
    return reading.sides[0]


def read_formula(text: str) -> ParsedFormula:
    """What a formula says.

    >>> read_formula("foo(a) + 2b").messages[0]
    "'2b' in 'foo(a) + 2b' is no number; a product is written 2*b"
    """
    faults, (names, sides) = collect_faults(_formula(text))
    return ParsedFormula(faults, names, sides)


def read_equation(text: str) -> ParsedFormula:
    """What an equation says, which has exactly one `=`.

    >>> [side.name for side in read_equation("u_t = u_xx").sides]
    ['u_t', 'u_xx']
    """
    faults, (names, sides) = collect_faults(_equation(text))
    return ParsedFormula(faults, names, sides)


Found = tuple[frozenset[str], tuple[Expression, ...]]


def _formula(text: str) -> Check[Found]:
    pieces = yield from tokens(text)
    names = yield from check_functions(pieces, text)
    equals = [piece for piece in pieces if piece.kind == "="]
    for piece in equals[:1]:
        yield FormulaError(f"{quote(text)} has a '='; write a formula here", piece.column)
    if equals or not pieces:
        return names, ()
    return names, ((yield from _tree(pieces, text)),)


def _equation(text: str) -> Check[Found]:
    pieces = yield from tokens(text)
    names = yield from check_functions(pieces, text)
    equals = [place for place, piece in enumerate(pieces) if piece.kind == "="]
    if not equals and pieces:
        whole = quote(f"{text.strip()} = 0")
        yield FormulaError(f"the equation {quote(text)} has no '='; write {whole}")
    if len(equals) > 1:
        yield FormulaError(
            f"the equation {quote(text)} has {len(equals)} '='; write exactly one",
            pieces[equals[1]].column,
        )
    if len(equals) > 1 or not pieces:
        return names, ()
    middle = equals[0] if equals else len(pieces)
    sides: list[Expression] = []
    for name, side in (("left", pieces[:middle]), ("right", pieces[middle + 1 :])):
        if side:
            sides.append((yield from _tree(side, text)))
        elif equals:
            column = pieces[middle].column
            yield FormulaError(
                f"nothing stands on the {name} of '=' in {quote(text)}; write 0 there", column
            )
    return names, tuple(sides)


def _tree(pieces: Sequence[Token], text: str) -> Check[Expression]:
    """The tree of one formula; any tree where its tokens make none."""
    if any(piece.kind == "?" for piece in pieces):
        # What stands beside something without a meaning may be in order or not.
        return ZERO
    disorder = tuple(check_order(pieces, text))
    if disorder:
        yield from disorder
        return ZERO
    columns: dict[int, int] = {}
    spaced = ""
    for piece in pieces:
        columns[len(spaced)] = piece.column
        spaced += f"{piece.python} "
    source = Source(text, columns)
    # Tokens in this order are Python: nothing is left for it to refuse.
    body = ast.parse(spaced.rstrip(), mode="eval").body
    levels, level = 0, [body]
    while level:
        levels += 1
        children = (child for each in level for child in ast.iter_child_nodes(each))
        level = [child for child in children if isinstance(child, ast.expr)]
    if levels > DEEPEST:
        yield FormulaError(
            f"the formula {quote(text)} is {levels} levels deep (a sum of n terms counts n); at"
            f" most {DEEPEST} are read: group its terms with parentheses",
            pieces[0].column,
        )
        return ZERO
    return (yield from _expression(body, source))


def _expression(node: ast.expr, source: Source) -> Check[Expression]:
    match node:
        case ast.Constant(value=int() | float() as value):
            return Number(float(value))
        case ast.Name(id=name):
            return Name(name)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return (yield from _expression(operand, source))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = yield from _expression(operand, source)
            unsigned = isinstance(inner, Number) and inner.value >= 0
            return negative(inner) if unsigned else Negative(inner)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
            first = yield from _expression(left, source)
            second = yield from _expression(right, source)
            power = fold(second) if isinstance(operator, ast.Pow) else ZERO
            if isinstance(power, Number) and abs(power.value) > LARGEST_POWER:
                sentence = (
                    f"the exponent {number_text(power.value)} is too large; write one between"
                    f" -{LARGEST_POWER} and {LARGEST_POWER}"
                )
                yield _refusal(sentence, right, source)
            return Operation(OPERATORS[type(operator)], first, second)
        case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
            return (yield from _call(function, arguments, node, source))
        case _:
            yield _refusal("a comma separates only the arguments of a function", node, source)
            return ZERO


def _call(function: str, given: list[ast.expr], node: ast.expr, source: Source) -> Check[Call]:
    arguments: list[Expression] = []
    for argument in given:
        arguments.append((yield from _expression(argument, source)))
    wanted = CALLABLE.get(function, len(given))
    if len(given) != wanted:
        count = f"{wanted} argument{'s' * (wanted != 1)}"
        sentence = f"{function!r} takes {count}, got {len(given)}; write {usage(function)}"
        yield _refusal(sentence, node, source)
    elif function == "laplacian" and not isinstance(arguments[0], Name):
        yield _refusal(
            "'laplacian' takes one unknown by its name; write laplacian(u)", node, source
        )
    return Call(function, tuple(arguments))


def _refusal(sentence: str, node: ast.expr, source: Source) -> FormulaError:
    """The sentence with the formula quoted: before the remedy, which follows the semicolon."""
    fault, mark, remedy = sentence.partition(";")
    sentence = f"{fault} in {quote(source.text)}{mark}{remedy}"
    return FormulaError(sentence, source.columns[node.col_offset])
