"""Words become the parts that they name, on the box, in the precision and with the chance asked."""

import pytest
import torch

from pikan import factory, network_factory
from pikan.bases.bspline import BSpline
from pikan.bases.chebyshev import Chebyshev
from pikan.bases.legendre import Legendre
from pikan.geometry.box import Box
from pikan.geometry.face import Face
from pikan.network.kan import KANNetwork
from pikan.network.mlp import MLP
from pikan.network.product import FullProduct, LowRank
from pikan.optimize.adam import Adam
from pikan.optimize.lbfgs import LBFGS
from pikan.optimize.learning_rates import cosine
from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.optimize.linear_least_squares import LinearLeastSquares
from pikan.optimize.ssbroyden import SSBroyden
from pikan.optimize.weights import Balance, Causal
from pikan.planning.planner import complete
from pikan.solvers.schedule import Refinement, Resampling
from pikan.solvers.time_slab import restrict_time
from pikan.spec.formulas import problem
from tests.stated import spec

HEAT = """
domain: {x: [0, 3], t: [1, 2]}
unknowns: [u, v]
equations: [u_t = u_xx, v_t = u]
conditions:
  - {where: t = 1, that: u = sin(pi*x)}
  - {where: t = 1, that: v = 0}
  - {where: x = 0, that: u = 0}
  - {where: x = 3, that: u = 0}
"""


def completed(**settings):
    given = spec(HEAT, **settings)
    return complete(given, problem(given))[0], problem(given)


def made(seed=0, **settings):
    chosen, posed = completed(**settings)
    return network_factory.network(chosen, posed.box, 2, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("{kind: kan}", KANNetwork),
        ("{kind: kan, start: ridge}", KANNetwork),
        ("{kind: mlp}", MLP),
        ("{kind: product, degree: 5}", FullProduct),
        ("{kind: product, rank: 3}", LowRank),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_word_makes_its_network_on_the_box_in_its_precision(words, kind, dtype):
    network = made(network=words, dtype=dtype)
    assert isinstance(network, kind)
    assert {p.dtype for p in network.parameters()} == {getattr(torch, dtype)}
    assert network.center.tolist() == [1.5, 1.5]
    assert network.scale.tolist() == [1.5, 0.5]
    assert network(torch.ones(5, 2).to(network.center)).shape == (5, 2)


@pytest.mark.parametrize("words", ["{kind: kan}", "{kind: mlp}", "{kind: product, rank: 3}"])
def test_a_start_is_the_same_for_one_seed_and_another_for_another(words):
    points = torch.rand(7, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    first, again, other = (made(seed, network=words)(points) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


def test_bases_are_those_named_layer_by_layer():
    network = made(
        network="{kind: kan, width: [2, 4, 3, 2], basis: [bspline, legendre, chebyshev], "
        "degree: [2, 5, 6], grid: [7, 1, 1]}"
    )
    first, second, third = (layer.edges.basis for layer in network.layers())
    assert isinstance(first, BSpline)
    assert isinstance(second, Legendre)
    assert isinstance(third, Chebyshev)
    # A spline has as many functions as cells and degree together, a polynomial one more than it.
    assert [basis.size for basis in (first, second, third)] == [9, 6, 7]
    assert [basis.nodes for basis in (first, second, third)] == [2, 4, 3]


def test_stages_are_those_named_with_their_settings():
    training = (
        "[adam: {steps: 7, lr: 0.5, schedule: cosine, weights: balance}, refine: {grid: 9}, "
        "lbfgs: {steps: 5, memory: 3, tolerance: 0.25, weights: causal}, resample: {k: 2, c: 0}, "
        "least_squares: {cutoff: 0.125}, gauss_newton: {steps: 2, eliminate: true}, "
        "ssbroyden: {steps: 6, tolerance: 0.5}]"
    )
    chosen, _ = completed(network="{kind: kan}", training=training)
    assert factory.steps(chosen) == (
        Adam(7, 0.5, cosine, Balance()),
        Refinement(None, 9, None, adapt=False),
        LBFGS(5, memory=3, tolerance=0.25, weights=Causal()),
        Resampling(None, 2.0, 0.0, weighted=True),
        LinearLeastSquares(0.125),
        LevenbergMarquardt(2, variable_projection=True),
        SSBroyden(6, tolerance=0.5),
    )


def test_settings_left_out_are_the_stages_own():
    chosen, _ = completed(network="{kind: kan}", training="[lbfgs, gauss_newton, adam, ssbroyden]")
    ours = factory.steps(chosen)
    assert ours[0] == LBFGS(ours[0].steps)
    assert ours[1] == LevenbergMarquardt(ours[1].steps)
    assert ours[2] == Adam(ours[2].steps, ours[2].lr)
    assert ours[3] == SSBroyden(ours[3].steps)


def test_a_label_weighs_what_is_said_of_it_else_of_its_kind():
    chosen, _ = completed(
        network="{kind: kan}", weights="{equation: 2, conditions: 5, 'x = 0': 7, 'equation 2': 3}"
    )
    labels = ["equation 1", "equation 2", "x = 0", "x = 3", "start"]
    assert list(factory.weights(chosen, labels).values()) == [2, 3, 7, 5, 5]


@pytest.mark.parametrize(
    "method", ["uniform", "sobol", "halton", "latin_hypercube", "tensor", "chebyshev", "gauss"]
)
def test_points_lie_in_the_window_and_on_its_faces(method):
    sampling = (
        f"{{interior: {{method: {method}, points: 64}}, faces: {{method: {method}, points: 9}}}}"
    )
    chosen, posed = completed(network="{kind: kan}", sampling=sampling)
    part = restrict_time(posed, 1.25, 1.5)
    found = factory.points(chosen, posed, torch.Generator().manual_seed(0))(part.box)
    lower, upper = (torch.tensor(end) for end in (part.box.lower, part.box.upper))
    assert len(found.interior) == 64
    assert ((found.interior > lower) & (found.interior < upper)).all()
    # The first moment of the window is there for the window before it to be continued from.
    assert Face(((1, 1.25),)) in found.faces
    for face, on_it in found.faces.items():
        assert len(on_it) == 9
        assert all((on_it[:, axis] == value).all() for axis, value in face.fixed)


def test_edges_of_windows_are_given_or_even():
    for windows, edges in ("4", (1.0, 1.25, 1.5, 1.75, 2.0)), ("[1, 1.5, 2]", (1.0, 1.5, 2.0)):
        chosen, posed = completed(network=f"{{kind: kan, windows: {windows}}}")
        assert factory.edges(chosen, posed) == edges
    chosen, posed = completed(network="{kind: kan}")
    assert factory.edges(chosen, posed) is None


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(network_factory.DeviceError, match="cuda:99"):
        network_factory.device(spec(HEAT, device="cuda:99"))


def test_points_of_comparison_are_the_same_whatever_was_drawn_before():
    chosen, posed = completed()
    first = factory.samples(chosen, posed).points
    torch.rand(3)
    factory.points(completed(network="{kind: kan}")[0], posed, torch.Generator())(posed.box)
    assert torch.equal(first, factory.samples(chosen, posed).points)
    box = Box(("x", "t"), posed.box.lower, posed.box.upper)
    assert torch.equal(network_factory.like(chosen).to(first).expand(0), torch.empty(0).to(first))
    assert box == posed.box
