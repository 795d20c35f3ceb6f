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
from pikan.fitting.arguments import ModelError
from pikan.network.architecture_text import ArchitectureError, architecture_text, network_from_text
from pikan.network.kan import KANNetwork, node_count, sum_count
from pikan.network.masked_kan import MaskedKAN
from pikan.network.symbolic_edges import SymbolicEdges

# The architecture as text, and what stands before the names of a network's own arrays.
_TEXT, _STATE, _SAMPLES = "architecture", "state.", "samples"
_PRECISIONS = {str(kind): kind for kind in (torch.float32, torch.float64)}


def save(path: Path, wired: MaskedKAN, samples: Float[Tensor, "n d"]) -> None:
    """Write the network of a model and its points; ModelError for a name of another kind."""
    _check_name("save", path)
    about = {
        "network": json.loads(architecture_text(wired.kan)),
        "formulas": [len(each) for each in wired.formulas()],
        "inputs": samples.shape[1],
        "samples": len(samples),
        "dtype": str(wired.kan.center.dtype),
    }
    arrays = {
        _STATE + name: tensor.cpu().numpy()
        for name, tensor in wired.state_dict().items()
        if tensor.numel()
    }
    if bad := [name for name, values in arrays.items() if not np.isfinite(values).all()]:
        raise ModelError(f"save: {bad[0].removeprefix(_STATE)} holds NaN or infinity; fit again")
    if len(samples):
        arrays[_SAMPLES] = samples.cpu().numpy()
    text = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    content = BytesIO()
    np.savez(content, **{_TEXT: text}, **{k: v.astype(_kind(v)) for k, v in arrays.items()})
    write_bytes(path, content.getvalue())


def load(path: Path) -> tuple[MaskedKAN, Float[Tensor, "n d"]]:
    """The network and the points in a file; ModelError where there are none such."""
    _check_name("load", path)
    try:
        text = bytes(read_arrays(path, [_TEXT])[_TEXT].astype(np.uint8).tobytes())
        about = json.loads(text)
        kan = network_from_text(json.dumps(about["network"]))
        counts, inputs, rows = about["formulas"], int(about["inputs"]), int(about["samples"])
        precision = _PRECISIONS[about["dtype"]]
        if not isinstance(kan, KANNetwork) or len(counts) != len(kan.widths) - 1:
            raise ValueError("the network is no model")
        made = _waiting(kan, [int(count) for count in counts])
        kept = {name: like for name, like in made.state_dict().items() if like.numel()}
        names = [*(_STATE + name for name in kept), *([_SAMPLES] if rows else [])]
        found = read_arrays(path, names)
        state = made.state_dict()
        for name, like in kept.items():
            state[name] = torch.from_numpy(found[_STATE + name]).to(like.dtype).view_as(like)
        made.load_state_dict(state)
        _check_numbers(made, inputs)
        samples = torch.from_numpy(found[_SAMPLES]) if rows else kan.center.new_zeros(0, inputs)
        return made.to(precision), samples.view(rows, inputs).to(precision)
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


def _waiting(kan: KANNetwork, counts: list[int]) -> MaskedKAN:
    """A network of this make with room for so many formulas in each layer."""
    pairs = list(zip(kan.widths, kan.widths[1:], strict=False))
    shapes = [(node_count(one), sum_count(two)) for one, two in pairs]
    if any(not 0 <= n <= ins * outs for n, (ins, outs) in zip(counts, shapes, strict=True)):
        raise ValueError("it has more formulas than edges")
    live = [torch.zeros(each, dtype=torch.bool) for each in shapes]
    symbols = [SymbolicEdges([], kan.center) for _ in counts]
    for each, count in zip(symbols, counts, strict=True):
        each.load_state_dict(
            {
                "places": torch.zeros(count, 2, dtype=torch.long),
                "kinds": torch.zeros(count, dtype=torch.long),
                "r2": kan.center.new_zeros(count),
                "numbers": kan.center.new_zeros(count, 4),
            }
        )
    return MaskedKAN(kan, live, torch.zeros(node_count(kan.widths[0]), dtype=torch.long), symbols)


def _check_numbers(wired: MaskedKAN, inputs: int) -> None:
    """ValueError for numbers of columns, nodes, sums and functions that do not exist."""
    columns = wired.inputs.tolist()
    if len(set(columns)) != len(columns) or not all(0 <= each < inputs for each in columns):
        raise ValueError(f"its columns are not some of {inputs}")
    for live, formulas in zip(wired.masks(), wired.formulas(), strict=True):
        formulas.check(live)
    for edges in wired.kan.edges():
        if not bool((edges.basis.knots[:, -1] > edges.basis.knots[:, 0]).all()):
            raise ValueError("a grid has no length")


def _check_name(call: str, path: Path) -> None:
    if path.suffix.lower() != ".npz":
        raise ModelError(f"{call}: got '{path.name}', needs a name that ends in .npz")


def _kind(values: np.ndarray) -> np.dtype:
    return np.dtype(np.uint8) if values.dtype == bool else values.dtype
