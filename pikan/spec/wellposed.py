"""Faults of a problem without a solution, at their places in the file."""

from pikan.geometry.face import Face
from pikan.problem.statement import Problem
from pikan.problem.wellposed.compatibility import contradiction, pairs, undefined_parts
from pikan.spec.faults import Check
from pikan.spec.schema import Spec, Where


def check_sound(spec: Spec, problem: Problem) -> Check[None]:
    """Formulas have values, and no two conditions give different values to one place."""
    places = [i for i, written in enumerate(spec.conditions) if isinstance(written, Where)]
    for index, equation in enumerate(problem.equations):
        for message in undefined_parts(problem, equation.residual, Face(())):
            yield spec.origin.fault(("equations", index), message)
    for index, condition in zip(places, problem.conditions, strict=True):
        for message in undefined_parts(problem, condition.residual, condition.faces[0]):
            yield spec.origin.fault(("conditions", index, "that"), message)
    for first, second in pairs(problem):
        face = contradiction(problem, first, second)
        if face is not None:
            place, other = face.label(problem.box), first.condition.label
            message = f"gives another value at '{place}' than the condition '{other}'"
            keys = ("conditions", places[second.number])
            yield spec.origin.fault(keys, f"{message}; leave one of them out")
