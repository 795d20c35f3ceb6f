"""Numbers with names, and the numbers that are written as formulas of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pikan.expression.error import FormulaError, refuse
from pikan.expression.evaluate import value
from pikan.expression.functions import CONSTANTS
from pikan.expression.parse import read_formula
from pikan.expression.scan import cut
from pikan.expression.wording import did_you_mean, word_list
from pikan.spec.faults import Check, Origin


@dataclass(frozen=True)
class Constants:
    """The constants of a problem; one whose own value is at fault counts as NaN."""

    values: Mapping[str, float]

    def value(self, written: float | str) -> float:
        """The value of a number or a formula of constants; NaN if that of a constant is at fault.

        FormulaError if it is no formula of constants, or has no finite value.

        >>> Constants({"nu": 0.5}).value("2*nu")
        1.0
        """
        if not isinstance(written, str):
            return float(written)
        reading = read_formula(written)
        known = [*self.values, *CONSTANTS]
        strange = [
            f"unknown name '{name}' in '{cut(written, 80)}'; a number may hold the constants "
            f"{word_list(known)}{did_you_mean(name, known)}"
            for name in sorted(reading.names - set(known))
        ]
        refuse([*reading.messages, *strange])
        if any(math.isnan(self.values.get(name, 0.0)) for name in reading.names):
            return math.nan
        return value(reading.sides[0], self.values)


def constants(written: Mapping[str, object], origin: Origin) -> Check[Constants]:
    """Every constant's value; a constant may be a formula of those before it.

    Those with a value for each piece of a region are read with the region.
    """
    known: dict[str, float] = {}
    for name, formula in written.items():
        if not isinstance(formula, int | float | str):
            continue
        try:
            known[name] = Constants(known).value(formula)
        except FormulaError as error:
            known[name] = math.nan
            later = read_formula(str(formula)).names & written.keys()
            for message in error.messages:
                why = "; a constant may use only those above it" if later else ""
                unknown = message.startswith("unknown name")
                yield origin.fault(("constants", name), message + why * unknown)
    return Constants(known)
