"""What is known of a family of solutions, beside its error."""

from dataclasses import dataclass
from typing import final

from pikan.files.json_text import Real, Words


@final
@dataclass(frozen=True)
class ParameterFacts:
    """A parameter: its interval, its scale, and the highest degree along it."""

    name: Words
    lower: Real
    upper: Real
    scale: Words
    degree: int
    affine: bool


@final
@dataclass(frozen=True)
class FamilyFacts:
    """A family in numbers.

    `functions` are polynomial, rational or reduced. `decay` is the size of what each node has
    added, in parts of the solution, in the order in which they were solved. `checks` fresh members
    were compared, the worst of them at `worst_at`; an answer on `points` points takes
    `milliseconds`.
    """

    parameters: tuple[ParameterFacts, ...]
    nodes: int
    rank: int
    functions: Words
    decay: tuple[Real, ...]
    checks: int
    mean: Real
    worst: Real
    worst_at: tuple[Real, ...]
    milliseconds: Real
    points: int
