"""A sweep file of small runs, in a folder of its own."""

from pathlib import Path

import pytest

ROD = """\
name: rod
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_xx = -pi^2*sin(pi*x)]
conditions: [{where: boundary, that: u = 0}]
exact: {u: sin(pi*x)}
network: {kind: product, rank: full, basis: chebyshev, degree: 4}
training: [least_squares]
"""
SWEEP = """\
problem: rod.yaml
crossed:
  network.degree: [4, 6, 8, 10]
  seed: [0, 1]
fit: {x: network.degree, y: relative_l2, law: exponential}
"""


@pytest.fixture
def rod() -> str:
    """The base problem."""
    return ROD


@pytest.fixture
def sweep() -> str:
    """The sweep file."""
    return SWEEP


@pytest.fixture
def written(tmp_path):
    """Writes a sweep file beside its base problem; what comes back is its path."""

    def write(text: str = SWEEP, rod: str = ROD) -> Path:
        (tmp_path / "rod.yaml").write_text(rod, encoding="utf-8")
        (tmp_path / "rods.yaml").write_text(text, encoding="utf-8")
        return tmp_path / "rods.yaml"

    return write
