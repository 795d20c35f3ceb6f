"""The points at which everyone is judged, and the known solution there, in a file for a task."""

import sys
from pathlib import Path

import numpy as np

from pikan.report.errors import check_points
from pikan.spec import formulas, reader


def judged(file: Path, into: Path) -> None:
    """The points of pikan's own reports, on a grid with its boundary."""
    problem = formulas.problem(reader.read_spec(file))
    points = check_points(problem.box)
    exact = problem.exact
    assert exact is not None
    np.savez(into, points=points, truth=exact.values(points)[:, 0])


if __name__ == "__main__":
    judged(Path(sys.argv[1]), Path(sys.argv[2]))
