"""Problems whose solution a test can know, and functions that solve them."""

from collections.abc import Callable

import pytest

from pikan.expression.parse import parse
from pikan.geometry.box import Box
from pikan.geometry.face import Face
from pikan.problem.statement import Condition, Equation, Problem
from pikan.references.formula import FormulaSolution


@pytest.fixture
def boxed() -> Callable[..., Problem]:
    """A problem on a unit box of given coordinates, with formulas for some of its unknowns."""

    def make(coordinates=("x", "y"), unknowns=("u",), formulas=None, pinned=True):
        box = Box(tuple(coordinates), (0.0,) * len(coordinates), (1.0,) * len(coordinates))
        exact = None
        if formulas is not None:
            exact = FormulaSolution(box.coordinates, {k: parse(f) for k, f in formulas.items()}, {})
        first = box.coordinates[0]
        equations = tuple(
            Equation(
                f"equation {i + 1}" if len(unknowns) > 1 else "equation", parse(f"{u}_{first}")
            )
            for i, u in enumerate(unknowns)
        )
        conditions = tuple(
            Condition(f"{first} = 0", (Face(((0, 0.0),)),), parse(u)) for u in unknowns if pinned
        )
        return Problem(
            "made", "A made problem", box, tuple(unknowns), {}, equations, conditions, (), exact, ""
        )

    return make
