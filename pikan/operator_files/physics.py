"""The equations of an operator file as what its operator is trained by."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.expression.evaluate import evaluate_on
from pikan.expression.parse import parse
from pikan.operator_files.pairs import field_values, random_field
from pikan.operators.physics import Physics, StatedTerm
from pikan.residuals.relative_residual import moved_to_part
from pikan.residuals.terms import CollocationPoints, terms, used_faces
from pikan.spec.operators import OperatorStatement

# Points at which the equations and conditions may be asked for.
_POINTS = 2000


def stated_physics(stated: OperatorStatement) -> Physics | None:
    """The equations and conditions on points, and inputs of the law; None where none are wanted.

    The inputs are drawn after those of the pairs, from the same law.
    """
    asked, problem = stated.settings.physics, stated.problem
    if asked is None or problem is None:
        return None
    entering, field, box = stated.settings.operator.input, random_field(stated), problem.box
    generator = torch.Generator().manual_seed(stated.settings.seed + 1)
    low, high = (torch.tensor(ends, dtype=torch.float64) for ends in (box.lower, box.upper))
    shape = _POINTS, box.dimension
    inside = low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)
    faces = {face: moved_to_part(problem, inside, face) for face in used_faces(problem)}
    axis = problem.coordinates.index(stated.over)

    def modes(points: Float[Tensor, "n d"]) -> Float[Tensor, "_ n"]:
        places = {stated.over: points[:, axis].numpy()}
        found = [evaluate_on(parse(one), places, len(points)) for one in field.functions]
        return torch.from_numpy(np.stack(found))

    shape = asked.inputs, len(field.names)
    return Physics(
        entering=entering,
        terms=tuple(
            StatedTerm(one, modes(one.points[0]))
            for one in terms(problem, CollocationPoints(inside, faces))
        ),
        sensors=torch.from_numpy(field_values(stated, field)),
        coefficients=torch.randn(shape, generator=generator, dtype=torch.float64),
        weight=asked.weight,
        alone=not asked.pairs,
        lower=box.lower,
        upper=box.upper,
    )
