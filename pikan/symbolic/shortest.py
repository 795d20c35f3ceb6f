"""The shortest of the equal forms of an expression that leave no more of the values."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pikan.symbolic.constants import recognize
from pikan.symbolic.refit import ConstantSamples, refit_constants, values_at

# SymPy comes without types, and is imported only where it is needed: it takes half a second.
Symbolic = Any

# Expressions of more operations are left as they are: rewriting takes long, and is of no use.
_LARGEST = 150
# A term this much smaller than the values is rounding, and a number this near to a known one is it.
_ROUNDING, _NEAR = 1e-12, 1e-8
# A form may leave this much more of the values than the best one, or rounding of them.
_WORSE, _EXACT = 1.5, 1e-13


def shortest(expression: Symbolic, points: ConstantSamples) -> Symbolic:
    """The shortest equal form, its numbers refit and recognized anew.

    Forms are the expression itself, multiplied out, with one denominator, with hyperbolic functions
    as exponentials and logarithms, with multiple angles taken apart, and factored. `points` have a
    single column of values.
    """
    import sympy

    if sympy.count_ops(expression) > _LARGEST:
        return expression
    best, left = expression, _relative_distance(expression, points)
    above = points.inputs.min(axis=0) > 0
    positive = {
        symbol: sympy.Dummy(symbol.name, positive=True)
        for symbol, known in zip(points.symbols, above, strict=True)
        if known
    }
    seen = set[Symbolic]()
    back = {dummy: symbol for symbol, dummy in positive.items()}
    for form in _forms(_without_magnitudes(expression, points).xreplace(positive)):
        found = _without_rounding(form.xreplace(back), points)
        if found is None or found in seen or sympy.count_ops(found) > _LARGEST:
            continue
        seen.add(found)
        # Its numbers refit, and those near to known ones as these; both factored too.
        exact = list[Symbolic]()
        for made in (refit_constants(found, points), _snap_numbers(found)):
            exact += [made] if made.atoms(sympy.Float) else [made, sympy.factor(made)]
        for tried in exact:
            away = _relative_distance(tried, points)
            if away <= max(_WORSE * left, _EXACT) and _length(tried) < _length(best):
                best, left = tried, min(left, away)
    return best


def _length(expression: Symbolic) -> tuple[int, int]:
    """First the decimal numbers and the operations, then the digits: those of exact numbers."""
    import sympy

    decimals = len(expression.atoms(sympy.Float))
    return 4 * decimals + int(sympy.count_ops(expression)), len(str(expression))


def _snap_numbers(form: Symbolic) -> Symbolic:
    """Every number near to a known one is that."""
    import sympy

    exact = {one: recognize(float(one), _NEAR * abs(float(one))) for one in form.atoms(sympy.Float)}
    return form.xreplace({one: known for one, known in exact.items() if known is not None})


def _forms(expression: Symbolic) -> Iterator[Symbolic]:
    """Equal forms; one that SymPy cannot make is left out."""
    import sympy

    def as_exponentials(given: Symbolic) -> Symbolic:
        hyperbolic = (sympy.atanh, sympy.asinh, sympy.acosh)
        as_logarithms = given.replace(
            lambda one: isinstance(one, hyperbolic), lambda one: one.rewrite(sympy.log)
        )
        return as_logarithms.replace(
            lambda one: isinstance(one, sympy.tanh), lambda one: one.rewrite(sympy.exp)
        )

    ways: list[Callable[[Symbolic], Symbolic]] = [
        lambda given: given,
        sympy.expand,
        lambda given: sympy.expand(sympy.expand_trig(given)),
        lambda given: sympy.expand(sympy.powsimp(as_exponentials(given))),
        lambda given: sympy.cancel(sympy.together(as_exponentials(given))),
        lambda given: sympy.cancel(sympy.together(given)),
        lambda given: sympy.factor(given, deep=True),
    ]
    # What cancels is to do so without rounding.
    exact = _snap_numbers(expression)
    for way in ways:
        try:
            yield way(exact)
        except (sympy.PolynomialError, ZeroDivisionError, NotImplementedError):
            continue


def _without_magnitudes(expression: Symbolic, points: ConstantSamples) -> Symbolic:
    """|x| as x or -x where x has one sign at all points."""
    import sympy

    found = dict[Symbolic, Symbolic]()
    for size in expression.atoms(sympy.Abs):
        values = values_at(size.args[0], points.symbols, points.inputs)
        if (values > 0).all():
            found[size] = size.args[0]
        elif (values < 0).all():
            found[size] = -size.args[0]
    return expression.xreplace(found)


def _without_rounding(form: Symbolic, points: ConstantSamples) -> Symbolic | None:
    """The form without the terms that are rounding; None where it has no values."""
    import sympy

    size = float(np.sqrt(np.mean(points.values**2)))
    kept = list[Symbolic]()
    for term in sympy.Add.make_args(form):
        values = values_at(term, points.symbols, points.inputs)
        if not np.isfinite(values).all():
            return None
        if float(np.sqrt(np.mean(values**2))) > _ROUNDING * size:
            kept.append(term)
    return sympy.Add(*kept)


def _relative_distance(expression: Symbolic, points: ConstantSamples) -> float:
    """What is left of the values, relative to them; infinite where there is no value."""
    wanted = points.values[:, 0]
    away = float(np.linalg.norm(values_at(expression, points.symbols, points.inputs) - wanted))
    size = float(np.linalg.norm(wanted)) or 1.0
    return away / size if np.isfinite(away) else np.inf
