"""Runs networks elsewhere and prints how far their values are off; for `test_onnx.py`.

A process of its own, since torch records no functions whose types are checked at run time.
"""

import io
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch

import pikan
from pikan.bases.bspline import BSpline
from pikan.bases.chebyshev import Chebyshev
from pikan.export.onnx import write_onnx
from pikan.network.product import FullProduct
from pikan.network.time_slabs import TimeSlabs


def product(basis, knots, lower, upper):
    ends = torch.linspace(-1, 1, knots, dtype=torch.float64)[None]
    network = FullProduct([basis(ends, 3), basis(ends, 3)], 1, lower, upper).double()
    with torch.no_grad():
        network.coefficients.normal_(generator=torch.Generator().manual_seed(0))
    return network


def networks():
    slabs = [
        product(BSpline, 20, [0.0, 0.0], [1.0, 0.5]),
        product(BSpline, 8, [0.0, 0.5], [1.0, 1.0]),
    ]
    return {
        "polynomials": product(Chebyshev, 2, [0.0, 0.0], [1.0, 1.0]),
        "slabs of splines": TimeSlabs([0.0, 0.5, 1.0], slabs, 1),
        "model": pikan.KAN([2, [3, 1], 1], seed=0),
        "layer": pikan.KANLayer(2, 3, seed=0),
        "model in double": pikan.KAN([2, 3, 2], seed=0, basis="chebyshev").double(),
    }


def points(network, count):
    generator = torch.Generator().manual_seed(1)
    # Some lie beyond the grid, where splines go on as straight lines.
    rows = 1.6 * torch.rand(count, 2, generator=generator) - 0.3
    return rows.to(next(network.parameters()))


def off(network, function):
    """The largest relative difference, at one point and at many."""
    worst = 0.0
    for count in (1, 2, 50):
        asked = points(network, count)
        expected = network(asked).detach()
        found = function(asked).detach()
        assert found.dtype == expected.dtype
        worst = max(worst, float((found - expected).abs().max() / expected.abs().max()))
    return worst


def onnx(network, path):
    write_onnx(network, points(network, 3), path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda asked: torch.from_numpy(
        np.asarray(session.run(None, {"points": asked.numpy()})[0])
    )


def measured(network, path):
    rows, some = torch.export.Dim("n", min=1), points(network, 3)
    program = torch.export.export(network, (some,), dynamic_shapes=({0: rows},))
    # A trace that can be kept holds no functions of Python's.
    torch.jit.save(torch.jit.trace(network, some), file := io.BytesIO())
    file.seek(0)
    trace = torch.jit.load(file)
    return {
        "onnx": off(network, onnx(network, path)),
        "export": off(network, program.module()),
        "trace": off(network, trace),
        "breaks": torch._dynamo.explain(network)(some).graph_break_count,
    }


def gradient_off(network, asked):
    """The largest difference of the weights' gradient from that of the network when compiled."""
    torch._dynamo.reset()
    compiled = torch.compile(network, fullgraph=True, backend="aot_eager")
    gradients = [
        torch.autograd.grad(function(asked).square().sum(), list(network.parameters()))
        for function in (network, compiled)
    ]
    return max(
        float((one - other).abs().max() / one.abs().max())
        for one, other in zip(*gradients, strict=True)
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with torch.no_grad():
        found = {k: measured(n, Path(sys.argv[1]) / "a.onnx") for k, n in networks().items()}
    for name, network in networks().items():
        found[name]["compiled gradient"] = gradient_off(network, points(network, 20))
    Path(sys.argv[1], "found.json").write_text(json.dumps(found), encoding="utf-8")
