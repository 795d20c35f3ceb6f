"""A network as an ONNX model: points [n, d] to values [n, m], for any number of points."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from pikan.files.atomic import write_bytes


def write_onnx(network: nn.Module, points: Tensor, path: Path) -> tuple[Path, ...]:
    """The network in the precision that it has; `points` are some that it takes."""
    rows = torch.export.Dim("n", min=1)
    with TemporaryDirectory() as room, torch.no_grad():
        made = Path(room) / "network.onnx"
        torch.onnx.export(
            network,
            (points,),
            made,
            input_names=["points"],
            output_names=["values"],
            dynamo=True,
            dynamic_shapes=({0: rows},),
            external_data=False,
            verbose=False,
        )
        write_bytes(path, made.read_bytes())
    return (path,)
