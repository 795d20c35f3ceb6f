"""What an exact solution does not satisfy."""

from pikan.problem.manufactured import is_violated, residual_sizes, sentence


def inconsistencies(problem):
    """A sentence for every equation and condition that the exact solution does not satisfy."""
    return tuple(sentence(found) for found in residual_sizes(problem) if is_violated(found))
