"""Problems from a few lines, and networks that are their solution or a random function."""

from pathlib import Path

import numpy as np
import torch

from pikan.bases.bspline import BSpline
from pikan.bases.chebyshev import Chebyshev
from pikan.bases.knots import even_knots
from pikan.bases.legendre import Legendre
from pikan.network.activation import silu, tanh
from pikan.network.base import place
from pikan.network.kan import KANNetwork
from pikan.network.mlp import MLP
from pikan.network.parameters import parameter_vector, with_parameters
from pikan.network.product import FullProduct, LowRank
from pikan.residuals.terms import CollocationPoints, used_faces
from pikan.sampling.held_out import HeldOut
from pikan.sampling.points import interior, on_face
from pikan.sampling.uniform import uniform
from pikan.solvers.replay import StepFinished, StepStarted
from pikan.spec import formulas, reader

LIKE = torch.empty(0, dtype=torch.float64)


def spec(text, **settings):
    """The spec in a text, with settings in place of what it says."""
    changes = {key.replace("__", "."): str(value) for key, value in settings.items()}
    return reader.parse_spec(text, "case.yaml", Path(), changes, "case")


def stated(text):
    """The problem in a text."""
    return formulas.problem(spec(text))


def evenly(points):
    """Held-out points that stand for equal parts, where nothing is narrow."""
    return HeldOut(points, torch.ones_like(points[:, 0]), ())


def interval(nodes=1):
    return torch.tensor([[-1.0, 1.0]], dtype=torch.float64).repeat(nodes, 1)


def product(problem, degree):
    """All products of Chebyshev polynomials on the box of a problem, all zero."""
    bases = [Chebyshev(interval(), degree) for _ in problem.coordinates]
    return FullProduct(bases, len(problem.unknowns), problem.box.lower, problem.box.upper)


def fitted(problem, degree=6):
    """A network that is the exact solution, as far as its degree allows."""
    network = product(problem, degree)
    nodes = np.cos(np.pi * (np.arange(degree + 3) + 0.5) / (degree + 3))
    grid = np.stack(np.meshgrid(*[nodes] * problem.box.dimension, indexing="ij"), axis=-1)
    lower, upper = np.array(problem.box.lower), np.array(problem.box.upper)
    points = lower + (upper - lower) * (grid.reshape(-1, len(lower)) + 1) / 2
    with torch.no_grad():
        features = network.features(place(torch.from_numpy(points))).values[0]
        truth = torch.from_numpy(problem.exact.values(points))
        network.last_weight().copy_(torch.linalg.lstsq(features, truth).solution)
    return network


def drawn(problem, inside=40, on_faces=15, seed=0):
    """Random points in the box and on every face in use."""
    generator = torch.Generator().manual_seed(seed)
    box = problem.box
    return CollocationPoints(
        interior(box, uniform, inside, generator, LIKE),
        {f: on_face(box, f, uniform, on_faces, generator, LIKE) for f in used_faces(problem)},
    )


def spline_kan(problem, ends, box):
    bases = [BSpline(even_knots(interval(nodes), 4), 5) for nodes in (ends[0], 3)]
    return KANNetwork([ends[0], 3, ends[1]], bases, *box, base=silu, squash=tanh)


def polynomial_kan(problem, ends, box):
    bases = [Legendre(interval(ends[0]), 4), Chebyshev(interval(3), 5)]
    return KANNetwork([ends[0], (1, 2), ends[1]], bases, *box, squash=tanh)


def full_product(problem, ends, box):
    return product(problem, 4)


def low_rank(problem, ends, box):
    return LowRank([Chebyshev(interval(), 5) for _ in range(ends[0])], 3, ends[1], *box)


def perceptron(problem, ends, box):
    return MLP([ends[0], 5, 4, ends[1]], *box)


KINDS = (spline_kan, polynomial_kan, full_product, low_rank, perceptron)


def random_network(kind, problem, seed=0):
    """A network of a kind that fits the problem, with all parameters N(0, 0.3²)."""
    ends = problem.box.dimension, len(problem.unknowns)
    empty = kind(problem, ends, (problem.box.lower, problem.box.upper))
    generator = torch.Generator().manual_seed(seed)
    return with_parameters(
        empty, 0.3 * torch.randn(parameter_vector(empty).shape, generator=generator).double()
    )


def finish(steps):
    """All that a generator yields, and what it comes back with."""
    states, answer = [], None
    while True:
        try:
            said = steps.send(answer)
        except StopIteration as end:
            return states, end.value
        # Parts of a run ask for what is known of them, which is nothing, and tell what it is.
        answer = said.result if isinstance(said, StepFinished) else None
        if not isinstance(said, StepStarted | StepFinished):
            states.append(said)
