"""A run as short as one can be, with everything in it that a run can have."""

import math

import numpy as np
import torch

from pikan.network.build import architecture_text
from pikan.network.mlp import MLP
from pikan.report.fields import Field
from pikan.report.report import Errors, NetworkFacts, Record, Report, Seconds, Versions
from pikan.storage.run_archive import ArchivedRun


def small_run() -> ArchivedRun:
    """The run."""
    network = MLP([1, 2, 1], (0.0,), (1.0,))
    report = Report(
        problem="rod", outcome="converged", message="It is solved.",
        errors={"u": Errors(1e-9, 1e-9, 1e-9, "exact", 9)}, estimate=None,
        residuals={"equation": 1e-9}, network=NetworkFacts("mlp", 7), seed=0, dtype="float64",
        device="cpu", threads=1, seconds=Seconds(1.0, 0.5), stages=(),
        versions=Versions("0", "2", "3"),
    )  # fmt: skip
    axis = np.linspace(0.0, 1.0, 3)
    return ArchivedRun(
        spec="name: rod\n",
        shape=architecture_text(network),
        state={name: tensor.to(torch.float64) for name, tensor in network.state_dict().items()},
        history=(Record("adam", 0, 1, 0.1, math.inf, (("equation", 1.0),), None),),
        report=report,
        fields=(Field(("x",), (axis,), (("t", 0.5),), axis[:, None], None, axis[:, None]),),
    )
