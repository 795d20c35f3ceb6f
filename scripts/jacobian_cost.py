"""What the Jacobian of all parameters costs: layer by layer, row by row, and in forward mode.

Poisson's equation on a square, 512 points inside and 128 on its edge, on a KAN of cubic B-splines
with eight cells; processor time on one thread, the least of some repeats.

    python scripts/jacobian_cost.py --widths 2 8 8 1
"""

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, jacfwd, vmap

from benchmarks.timing import timed
from pikan.bases.bspline import BSpline
from pikan.bases.knots import even_knots
from pikan.network import partials
from pikan.network.initialization import glorot
from pikan.network.kan import KANNetwork
from pikan.network.parameters import parameter_dict, parameter_vector
from pikan.residuals.network_objective import network_objective
from pikan.residuals.terms import CollocationPoints, merge, terms, used_faces
from pikan.sampling.points import interior, on_face
from pikan.sampling.sobol import sobol
from pikan.spec import formulas, reader

PROBLEM = """
domain: {x: [-1, 1], y: [-1, 1]}
unknowns: [u]
equations: [u_xx + u_yy = sin(pi*x)*sin(pi*y)]
conditions: [{where: boundary, that: u = 0}]
"""
INSIDE, ON_FACE = 512, 32

Way = Callable[[], Tensor]


def main() -> None:
    """Measure the ways for the widths on the command line and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[2, 8, 8, 1])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--forward", action="store_true", help="forward mode too, which is slow")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", DeprecationWarning)
    found = ways(arguments.widths)
    if not arguments.forward:
        del found["forward mode (jacfwd)"]
    expected = found["row by row (vmap of grad)"]()
    print(f"{arguments.widths}: {expected.shape[0]} rows, {expected.shape[1]} parameters")
    for name, way in found.items():
        torch.testing.assert_close(way(), expected, rtol=1e-9, atol=1e-9)
        print(f"{name:30}{1e3 * min(timed(way)[0] for _ in range(arguments.repeats)):10.1f} ms")


def ways(widths: list[int]) -> dict[str, Way]:
    """The same Jacobian by each way."""
    problem = formulas.problem(reader.parse_spec(PROBLEM, "poisson.yaml", Path(), {}, "poisson"))
    generator, like = torch.Generator().manual_seed(0), torch.empty(0, dtype=torch.float64)
    points = CollocationPoints(
        interior(problem.box, sobol, INSIDE, generator, like),
        {
            face: on_face(problem.box, face, sobol, ON_FACE, generator, like)
            for face in used_faces(problem)
        },
    )
    intervals = [torch.tensor([[-1.0, 1.0]]).double().repeat(nodes, 1) for nodes in widths[:-1]]
    bases = [BSpline(even_knots(interval, 8), 3) for interval in intervals]
    network = glorot(KANNetwork(widths, bases, [-1.0, -1.0], [1.0, 1.0]), generator)
    found = merge(terms(problem, points))
    every = [1.0] * len(found)
    objective = network_objective(found, network, every, linear=True, time=None, memory=10**9)
    theta = parameter_vector(network)
    edge = torch.cat(list(points.faces.values()))

    def by_row() -> Tensor:
        inside = row_by_row(Laplacian(network), network, theta, points.interior)
        return torch.cat([inside, row_by_row(Value(network), network, theta, edge)])

    return {
        "layer by layer (ours)": lambda: objective.jacobian(theta),
        "row by row (vmap of grad)": by_row,
        "forward mode (jacfwd)": lambda: jacfwd(objective.residual)(theta),
    }


class Laplacian(nn.Module):
    """u_xx + u_yy of a network."""

    def __init__(self, network: KANNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, points: Tensor) -> Tensor:
        """At the points."""
        second = partials.partials(self.network, points, [(2, 0), (0, 2)])
        return (second[2, 0] + second[0, 2])[:, 0]


class Value(nn.Module):
    """u of a network."""

    def __init__(self, network: KANNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, points: Tensor) -> Tensor:
        """At the points."""
        return self.network(points)[:, 0]


def row_by_row(of: nn.Module, network: KANNetwork, theta: Tensor, points: Tensor) -> Tensor:
    """One gradient per point."""

    def row(theta: Tensor, point: Tensor) -> Tensor:
        named = {f"network.{name}": value for name, value in parameter_dict(network, theta).items()}
        return functional_call(of, named, (point[None],)).squeeze(0)

    return vmap(grad(row), in_dims=(None, 0))(theta, points)


if __name__ == "__main__":
    main()
