"""Formulas with their numbers rounded."""

from typing import overload

from sympy import Basic, Float


@overload
def ex_round(expression: Basic, n_digit: int) -> Basic: ...
@overload
def ex_round(expression: float, n_digit: int) -> float: ...
def ex_round(expression: Basic | float, n_digit: int) -> Basic | float:
    """The expression with its decimal numbers rounded to so many digits after the point.

    A plain number is rounded as it is.

    >>> from sympy import symbols
    >>> ex_round(1.23456 * symbols("x") ** 2 + 3, 2)
    1.23*x**2 + 3
    """
    if not isinstance(expression, Basic):
        return round(expression, n_digit)
    numbers = {number: round(number, n_digit) for number in expression.atoms(Float)}
    return expression.xreplace(numbers)
