"""Refusal of an exact solution that does not satisfy the problem."""

from pikan.problem.manufactured import ResidualSize, is_violated, residual_sizes, sentence
from pikan.problem.statement import Problem
from pikan.spec.faults import Origin, SpecError


def check_exact(problem: Problem, origin: Origin) -> tuple[ResidualSize, ...]:
    """What the exact solution leaves of what it satisfies; SpecError where it does not."""
    found = residual_sizes(problem)
    wrong = [sentence(finding) for finding in found if is_violated(finding)]
    if wrong:
        raise SpecError(origin.fault(("exact",), message) for message in wrong)
    return found
