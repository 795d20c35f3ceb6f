"""The tree of a formula: five kinds of node, and the rules that keep a tree small.

The constructors `add`, `subtract`, `multiply`, `divide`, `power` and `negative` fold what is known
at once (0 + a, 1 a, 2 + 3); the classes themselves keep a formula as it was written.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, final

Operator = Literal["+", "-", "*", "/", "**"]


@final
@dataclass(frozen=True, slots=True)
class Number:
    """A finite number; a minus before its digits is part of it."""

    value: float


@final
@dataclass(frozen=True, slots=True)
class Name:
    """A coordinate, an unknown, a partial derivative (`u_xx`) or a constant, by its name."""

    name: str


@final
@dataclass(frozen=True, slots=True)
class Negative:
    """The operand with its sign changed."""

    operand: "Expression"


@final
@dataclass(frozen=True, slots=True)
class Operation:
    """Two operands and the arithmetic between them."""

    operator: Operator
    left: "Expression"
    right: "Expression"


@final
@dataclass(frozen=True, slots=True)
class Call:
    """A function of the formula language and its arguments."""

    function: str
    arguments: tuple["Expression", ...]


Expression = Number | Name | Negative | Operation | Call

ZERO = Number(0.0)
ONE = Number(1.0)

BINDING: Mapping[Operator, int] = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 4}
MINUS_BINDING = 3
ATOM_BINDING = 5


def operands(expression: Expression) -> tuple[Expression, ...]:
    """The nodes right below this one, from left to right."""
    match expression:
        case Number() | Name():
            return ()
        case Negative(operand):
            return (operand,)
        case Operation(_, left, right):
            return (left, right)
        case Call(_, arguments):
            return arguments


def parts(expression: Expression) -> Iterator[Expression]:
    """The formula itself and every node below it."""
    yield expression
    for operand in operands(expression):
        yield from parts(operand)


def names(expression: Expression) -> frozenset[str]:
    """Every name in the formula, `pi` and `e` included, functions not.

    >>> sorted(names(Operation("*", Name("nu"), Name("u_xx"))))
    ['nu', 'u_xx']
    """
    if isinstance(expression, Name):
        return frozenset({expression.name})
    return frozenset[str]().union(*(names(operand) for operand in operands(expression)))


def calls(expression: Expression) -> frozenset[str]:
    """Every function in the formula."""
    own = {expression.function} if isinstance(expression, Call) else set[str]()
    return frozenset(own).union(*(calls(operand) for operand in operands(expression)))


def size(expression: Expression) -> int:
    """The number of nodes."""
    return 1 + sum(size(operand) for operand in operands(expression))


def substitute(expression: Expression, replacements: Mapping[str, Expression]) -> Expression:
    """The formula with names replaced by formulas, all at the same time.

    >>> text(substitute(Operation("*", Name("a"), Name("b")), {"a": Name("b"), "b": Name("a")}))
    'b*a'
    """
    match expression:
        case Number():
            return expression
        case Name(name):
            return replacements.get(name, expression)
        case Negative(operand):
            return negative(substitute(operand, replacements))
        case Operation(operator, left, right):
            return Operation(
                operator, substitute(left, replacements), substitute(right, replacements)
            )
        case Call(function, arguments):
            return Call(function, tuple(substitute(each, replacements) for each in arguments))


def fold(expression: Expression) -> Expression:
    """The same formula with its arithmetic on numbers done, and its zeros and ones gone.

    >>> fold(Operation("+", Name("x"), Operation("*", Number(0.0), Name("y"))))
    Name(name='x')
    """
    match expression:
        case Number() | Name():
            return expression
        case Negative(operand):
            return negative(fold(operand))
        case Operation(operator, left, right):
            return FOLDING[operator](fold(left), fold(right))
        case Call(function, arguments):
            return Call(function, tuple(fold(each) for each in arguments))


def add(left: Expression, right: Expression) -> Expression:
    """The folded left + right."""
    match left, right:
        case Number(a), Number(b) if math.isfinite(a + b):
            return Number(a + b)
        case Number(0.0), _:
            return right
        case _, Number(0.0):
            return left
        case _, Negative(operand):
            return subtract(left, operand)
        case _:
            return Operation("+", left, right)


def subtract(left: Expression, right: Expression) -> Expression:
    """The folded left - right."""
    match left, right:
        case Number(a), Number(b) if math.isfinite(a - b):
            return Number(a - b)
        case Number(0.0), _:
            return negative(right)
        case _, Number(0.0):
            return left
        case _, Negative(operand):
            return add(left, operand)
        case _ if left == right:
            return ZERO
        case _:
            return Operation("-", left, right)


def multiply(left: Expression, right: Expression) -> Expression:
    """The folded left * right."""
    match left, right:
        case Number(a), Number(b) if math.isfinite(a * b):
            return Number(a * b)
        case (Number(0.0), _) | (_, Number(0.0)):
            return ZERO
        case Number(1.0), _:
            return right
        case _, Number(1.0):
            return left
        case (Number(-1.0), other) | (other, Number(-1.0)):
            return negative(other)
        case Negative(operand), _:
            return negative(multiply(operand, right))
        case _, Negative(operand):
            return negative(multiply(left, operand))
        case _:
            return Operation("*", left, right)


def divide(left: Expression, right: Expression) -> Expression:
    """The folded left / right; a quotient of whole numbers that is not whole stays a fraction."""
    match left, right:
        case _, Number(0.0):
            return Operation("/", left, right)
        case Number(a), Number(b) if math.isfinite(a / b) and (
            (a / b).is_integer() or not (a.is_integer() and b.is_integer())
        ):
            return Number(a / b)
        case Number(0.0), _:
            return ZERO
        case _, Number(1.0):
            return left
        case Negative(operand), _:
            return negative(divide(operand, right))
        case _:
            return Operation("/", left, right)


def power(base: Expression, exponent: Expression) -> Expression:
    """The folded base ** exponent."""
    match base, exponent:
        case _, Number(0.0):
            return ONE
        case _, Number(1.0):
            return base
        case Number(a), Number(b):
            # Where the power is a finite real number.
            with suppress(ValueError, OverflowError):
                return Number(math.pow(a, b))
            return Operation("**", base, exponent)
        case _:
            return Operation("**", base, exponent)


def negative(operand: Expression) -> Expression:
    """The folded -operand."""
    match operand:
        case Number(value):
            return Number(0.0 - value)
        case Negative(inner):
            return inner
        case _:
            return Negative(operand)


FOLDING = {"+": add, "-": subtract, "*": multiply, "/": divide, "**": power}


def text(expression: Expression) -> str:
    """The formula in the words of a problem file; reading it gives the same tree.

    >>> text(Operation("**", Number(-2.0), Operation("+", Name("x"), Number(0.5))))
    '(-2)**(x + 0.5)'
    """
    match expression:
        case Number(value):
            return number_text(value)
        case Name(name):
            return name
        case Negative(operand):
            return f"-{_within(operand, binding(operand) < MINUS_BINDING)}"
        case Operation(operator, left, right):
            own, before, after = BINDING[operator], binding(left), binding(right)
            first = _within(left, before < own or (operator == "**" and before == own))
            same = operator != "**" and after == own
            second = _within(right, after == MINUS_BINDING or after < own or same)
            return f"{first} {operator} {second}" if own == 1 else f"{first}{operator}{second}"
        case Call(function, arguments):
            return f"{function}({', '.join(text(each) for each in arguments)})"


def number_text(value: float) -> str:
    """The shortest digits that give the same number back; whole numbers without a point.

    >>> number_text(-3.0), number_text(0.1), number_text(1e22)
    ('-3', '0.1', '1e+22')
    """
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(value)


def _within(expression: Expression, parentheses: bool) -> str:
    return f"({text(expression)})" if parentheses else text(expression)


def binding(expression: Expression) -> int:
    """How tightly a node holds its parts together; a negative number as a minus does."""
    match expression:
        case Operation(operator, _, _):
            return BINDING[operator]
        case Negative():
            return MINUS_BINDING
        case Number(value) if value < 0:
            return MINUS_BINDING
        case _:
            return ATOM_BINDING
