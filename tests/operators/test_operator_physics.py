"""DeepONets are trained by the equations of a file: what is left of them, and that it helps."""

import numpy as np
import pytest
import torch

import pikan
from pikan.expression.evaluate import evaluate_on
from pikan.expression.parse import parse
from pikan.operator_files.pairs import field_values, random_field
from pikan.operator_files.physics import stated_physics
from pikan.operators.neural import DeepONet, OperatorArchitecture, random_operator
from pikan.operators.physics import OutputPartials
from pikan.spec.faults import SpecError
from pikan.spec.operators import read_operator

INTEGRAL = """
domain: {x: [0, 2]}
unknowns: [u]
equations: [u_x + 3*u = v]
conditions: [{where: x = 0, that: u = 0.5}]
operator: {input: v, output: u}
inputs: {v: {gaussian: {length: 1.0, amplitude: 3}, samples: 20, test: 20}}
method: deeponet
steps: 10
physics: {weight: 4, inputs: 30}
"""
REACTION = """
domain: {x: [0, 1]}
unknowns: [u]
equations: [-0.1*u_xx + u = v]
conditions: [{where: boundary, that: u = 0}]
operator: {input: v, output: u}
inputs: {v: {gaussian: {length: 0.2}, samples: 12, test: 30}}
method: deeponet
steps: 300
"""
ALONE = "physics: {inputs: 300, pairs: false}\n"


def stated(tmp_path, old="", new=""):
    file = tmp_path / "made.yaml"
    file.write_text(INTEGRAL.replace(old, new))
    return file


class _Exact(OutputPartials):
    """u = exp(-3x)/2 and the integral of exp(3(s - x)) v(s) from 0 to x, for inputs as drawn."""

    def __init__(self, known, inputs, shift):
        self.shift = shift
        self.functions = random_field(known).functions
        sensors = field_values(known, random_field(known))
        self.modes = np.linalg.lstsq(sensors.T, inputs.numpy().T, rcond=None)[0].T

    def _given(self, x):
        rows = [evaluate_on(parse(one), {"x": x}, x.shape) for one in self.functions]
        return np.tensordot(self.modes, np.stack(rows), 1)

    def at(self, points, wanted):
        x = points[:, 0].numpy()
        nodes, weights = np.polynomial.legendre.leggauss(40)
        places = (nodes + 1) / 2 * x[:, None]
        inner = np.exp(3 * (places - x[:, None])) * weights * x[:, None] / 2
        u = (self._given(places) * inner).sum(axis=2) + 0.5 * np.exp(-3 * x) + self.shift
        every = {(0,): u, (1,): self._given(x) - 3 * (u - self.shift)}
        return {one: torch.from_numpy(every[one]) for one in wanted}


def test_an_exact_operator_leaves_nothing_of_its_equations(tmp_path):
    known = read_operator(stated(tmp_path))
    physics = stated_physics(known)
    batch = physics.draw(torch.Generator().manual_seed(3), 1.0)
    rows = batch.rows(_Exact(known, batch.inputs, 0.0))
    # The sensors give the coefficients of the input to some digits less than rounding.
    assert rows.abs().max() < 1e-8
    # u + 1 leaves 3 of the equation and 1 of the condition, in parts of their natural sizes.
    left = batch.rows(_Exact(known, batch.inputs, 1.0)).square().sum()
    (_, equation), (_, condition) = batch.parts
    assert float(left) == pytest.approx(4 * ((3 / equation) ** 2 + (1 / condition) ** 2), rel=1e-6)


def test_derivatives_of_a_deeponet_are_those_of_its_outputs():
    made = OperatorArchitecture("deeponet", (5,), (7, 6), ())
    network = random_operator(made, torch.Generator().manual_seed(0))
    assert isinstance(network, DeepONet)
    inputs = torch.randn(3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    z = torch.tensor([[0.3, -0.2], [0.9, 0.1]], dtype=torch.float64)
    found, step = network.partials(inputs, z, [(0, 0), (2, 0), (1, 1)]), 1e-4

    def at(x, y):
        return network.partials(inputs, z + step * torch.tensor([x, y]).to(z), [(0, 0)])[0, 0]

    second = (at(1, 0) - 2 * at(0, 0) + at(-1, 0)) / step**2
    mixed = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * step**2)
    torch.testing.assert_close(found[2, 0], second, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found[1, 1], mixed, rtol=1e-5, atol=1e-5)
    on_grid = network.partials(inputs, network.places, [(0, 0)])[0, 0]
    torch.testing.assert_close(on_grid, network(inputs), rtol=1e-12, atol=1e-12)


@pytest.mark.long
def test_equations_make_up_for_pairs_that_there_are_not(tmp_path):
    few = REACTION, f"{REACTION}physics: {{inputs: 300}}\n", f"{REACTION}{ALONE}"
    errors = list[float]()
    for number, text in enumerate(few):
        file = tmp_path / f"made{number}.yaml"
        file.write_text(text)
        report = pikan.learn(file).report
        errors.append(report.test.mean)
        assert ("equations" in str(report)) == (number > 0)
    assert max(errors[1:]) < errors[0] / 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("deeponet", "fno"),
        ("method: deeponet\n", ""),
        ("unknowns: [u]\nequations: [", "unknowns: [u, w]\nequations: [w = u, "),
    ],
)
def test_equations_train_a_deeponet_of_one_unknown_alone(tmp_path, old, new):
    with pytest.raises(SpecError, match="physics: goes with method: deeponet or deepokan"):
        read_operator(stated(tmp_path, old, new))
