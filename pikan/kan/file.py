"""A model in one file of plain arrays (.npz), with nothing pickled."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.files.arrays import DataError, read_arrays
from pikan.files.atomic import write_bytes
from pikan.kan.arguments import ModelError
from pikan.network.architecture import ArchitectureError
from pikan.network.build import architecture_text, network_from_text, restore
from pikan.network.kan import KANNetwork

# The architecture as text, and what stands before the names of a network's own arrays.
_TEXT, _STATE, _SAMPLES = "architecture", "state.", "samples"
_PRECISIONS = {str(kind): kind for kind in (torch.float32, torch.float64)}


def save(path: Path, network: KANNetwork, samples: Float[Tensor, "n d"]) -> None:
    """Write the network of a model and its points; ModelError for a name of another kind."""
    _check_name("save", path)
    about = {
        "network": architecture_text(network),
        "samples": len(samples),
        "dtype": str(network.center.dtype),
    }
    arrays = {
        _STATE + name: tensor.cpu().numpy()
        for name, tensor in network.state_dict().items()
        if tensor.numel()
    }
    if bad := [name for name, values in arrays.items() if not np.isfinite(values).all()]:
        raise ModelError(f"save: {bad[0].removeprefix(_STATE)} holds NaN or infinity; fit again")
    if len(samples):
        arrays[_SAMPLES] = samples.cpu().numpy()
    text = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    content = BytesIO()
    plain = {k: v.astype(np.uint8) if v.dtype == bool else v for k, v in arrays.items()}
    np.savez(content, **{_TEXT: text}, **plain)
    write_bytes(path, content.getvalue())


def load(path: Path) -> tuple[KANNetwork, Float[Tensor, "n d"]]:
    """The network and the points in a file; ModelError where there are none such."""
    _check_name("load", path)
    try:
        found = read_arrays(path, None)
        about = json.loads(found[_TEXT].astype(np.uint8).tobytes())
        empty, rows = network_from_text(about["network"]), int(about["samples"])
        precision, state = _PRECISIONS[about["dtype"]], empty.state_dict()
        for name, like in state.items():
            if like.numel():
                state[name] = torch.from_numpy(found[_STATE + name]).to(like.dtype).view_as(like)
        network = restore(about["network"], state)
        if not isinstance(network, KANNetwork) or network.scaling is None:
            raise ValueError("the network is no model")
        inputs = len(network.center)
        samples = torch.from_numpy(found[_SAMPLES]) if rows else network.center.new_zeros(0, inputs)
        return network.to(precision), samples.view(rows, inputs).to(precision)
    except (
        DataError,
        ArchitectureError,
        LookupError,
        TypeError,
        ValueError,
        RuntimeError,
    ) as fault:
        first = str(fault).strip().split("\n")[0]
        raise ModelError(f"load: '{path.name}' holds no model: {first:.200}") from None


def _check_name(call: str, path: Path) -> None:
    if path.suffix.lower() != ".npz":
        raise ModelError(f"{call}: got '{path.name}', needs a name that ends in .npz")
