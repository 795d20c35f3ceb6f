"""A network as an ONNX model: points [n, d] to values [n, m], for any number of points."""

import logging
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from pikan.files.atomic import write_bytes


def write_onnx(network: nn.Module, points: Tensor, path: Path) -> tuple[Path, ...]:
    """The network in the precision that it has; `points` are some that it takes."""
    rows = torch.export.Dim("n", min=1)
    with TemporaryDirectory() as room, torch.no_grad(), _quiet():
        from onnxscript.optimizer import fold_constants, remove_unused_nodes

        program = torch.onnx.export(
            network.eval(),
            (points,),
            input_names=["points"],
            output_names=["values"],
            dynamo=True,
            dynamic_shapes=({0: rows},),
            verbose=False,
            # All of its rules take ten times as long, and what runs the model has its own.
            optimize=False,
        )
        assert program is not None
        fold_constants(program.model)
        remove_unused_nodes(program.model)
        made = Path(room) / "network.onnx"
        program.save(made, external_data=False)
        write_bytes(path, made.read_bytes())
    return (path,)


@contextmanager
def _quiet() -> Generator[None]:
    """Without what the exporter says of itself: packages that nobody needs, its own old calls."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        logger.setLevel(before)
