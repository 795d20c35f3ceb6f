"""Data to fit a model to, made from a function or from arrays."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias, TypedDict
from warnings import catch_warnings, filterwarnings

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from pikan.kan.arguments import (
    ModelError,
    known_arguments,
    one_of,
    read_device,
    read_precision,
    whole,
)


class Dataset(TypedDict):
    """Points and what they are labeled with, to train on and to test on."""

    train_input: Tensor
    train_label: Tensor
    test_input: Tensor
    test_label: Tensor


DatasetLike: TypeAlias = Dataset | Mapping[str, Tensor]
"""A dataset, or any other mapping of these names."""


@known_arguments
def create_dataset(
    f: Callable[[Tensor], Tensor],
    n_var: int = 2,
    f_mode: str = "col",
    ranges: Sequence[object] = (-1.0, 1.0),
    train_num: int = 1000,
    test_num: int = 1000,
    normalize_input: bool = False,
    normalize_label: bool = False,
    device: str | torch.device = "cpu",
    seed: int = 0,
    dtype: torch.dtype | None = None,
) -> Dataset:
    """The values of a function at uniform random points.

    `f` takes points [n, n_var], or [n_var, n] in the mode "row", and gives [n] or [n, m].
    `ranges` is (lower, upper) for all variables, or one such pair for each. Normalizing takes the
    mean and the standard deviation of the part to train on.

    >>> dataset = create_dataset(lambda x: x[:, [0]] * x[:, [1]], n_var=2, train_num=100)
    >>> dataset["train_label"].shape
    torch.Size([100, 1])
    """
    one_of("create_dataset", "f_mode", f_mode, ("col", "row"))
    device = read_device("create_dataset", device)
    bounds = _bounds(ranges, whole("create_dataset", "n_var", n_var, 1))
    bounds = bounds.to(read_precision("create_dataset", dtype))
    generator = torch.Generator().manual_seed(int(seed))
    inputs = list[Tensor]()
    for name, count in (("train_num", train_num), ("test_num", test_num)):
        shape = whole("create_dataset", name, count, 1), len(bounds)
        shares = torch.rand(*shape, generator=generator, dtype=bounds.dtype)
        inputs.append(bounds[:, 0] + shares * (bounds[:, 1] - bounds[:, 0]))
    labels = [_labels(f(points if f_mode == "col" else points.mT), points) for points in inputs]
    inputs = _normalize(inputs) if normalize_input else inputs
    labels = _normalize(labels) if normalize_label else labels
    train_input, test_input, train_label, test_label = (
        each.to(device) for each in (*inputs, *labels)
    )
    return Dataset(
        train_input=train_input,
        train_label=train_label,
        test_input=test_input,
        test_label=test_label,
    )


def create_dataset_from_data(
    inputs: object,
    labels: object,
    train_ratio: float = 0.8,
    device: str | torch.device = "cpu",
    seed: int = 0,
) -> Dataset:
    """The data, parted at random into some to train on and some to test on.

    Tensors, arrays of NumPy, and tables and columns of pandas.

    >>> x = torch.linspace(-1, 1, 10).reshape(-1, 1)
    >>> len(create_dataset_from_data(x, x**2, train_ratio=0.7)["test_input"])
    3
    """
    device = read_device("create_dataset_from_data", device)
    inputs, labels = (
        tensor("create_dataset_from_data", name, _as_tensor(values))
        for name, values in (("inputs", inputs), ("labels", labels))
    )
    count = len(inputs)
    if len(labels) != count:
        raise ModelError(
            f"create_dataset_from_data: got {count} inputs and {len(labels)} labels, "
            "needs as many of one as of the other"
        )
    part = int(count * train_ratio)
    if not 0 < part < count:
        raise ModelError(
            f"create_dataset_from_data: train_ratio: got {train_ratio} of {count} points, "
            "needs to leave some to train on and some to test on"
        )
    order = torch.randperm(count, generator=torch.Generator().manual_seed(int(seed)))
    train, test = order[:part].to(inputs.device), order[part:].to(inputs.device)
    inputs, labels = inputs.detach(), labels.detach().to(inputs.device)
    return Dataset(
        train_input=inputs[train].to(device),
        train_label=labels[train].to(device),
        test_input=inputs[test].to(device),
        test_label=labels[test].to(device),
    )


class Data(NamedTuple):
    """A dataset that has been checked, in the precision and the place of a model."""

    train_input: Float[Tensor, "n d"]
    train_label: Shaped[Tensor, "n ..."]
    test_input: Float[Tensor, "_ d"]
    test_label: Shaped[Tensor, "_ ..."]


def check_dataset(
    dataset: Mapping[str, object], inputs: int, outputs: int | None, like: Tensor
) -> Data:
    """The data for a model of so many inputs and outputs; ModelError where they do not suit it.

    `outputs` is None where a loss function of the caller's knows what the labels are.
    """
    _check_names(dataset)
    ready: dict[str, Tensor] = {}
    for part in ("train", "test"):
        points = valid_points("fit", f"{part}_input", dataset[f"{part}_input"], inputs)
        name = f"{part}_label"
        labels = checked_labels("fit", name, dataset[name], len(points), outputs)
        ready[f"{part}_input"] = points.detach().to(like)
        # Whole numbers of some meaning keep their precision.
        meaning = outputs is None and not labels.is_floating_point()
        ready[f"{part}_label"] = labels.detach().to(like.device if meaning else like)
    for name, values in ready.items():
        # What spreads beyond the largest number has no middle.
        if values.is_floating_point() and not bool((4 * values).isfinite().all()):
            raise ModelError(f"fit: {name}: too large for {values.dtype}; give it in other units")
    return Data(**ready)


def valid_points(call: str, name: str, points: object, inputs: int) -> Tensor:
    """The points as they are; ModelError where they are none for a model of so many inputs."""
    points = tensor(call, name, points)
    if points.ndim != 2 or points.shape[1] != inputs or len(points) == 0:
        raise ModelError(
            f"{call}: {name}: got shape {list(points.shape)}, needs [points, {inputs}]"
        )
    if not bool(points.isfinite().all()):
        bad = int((~points.isfinite()).any(dim=1).sum())
        raise ModelError(
            f"{call}: {name}: {bad} of {len(points)} rows hold NaN or infinity; leave them out"
        )
    return points


def _as_tensor(values: object) -> object:
    """Real numbers of arrays and tables as a tensor of their own; anything else as it is."""
    if isinstance(values, Tensor):
        return values
    try:
        found = np.array(values)
    except ValueError:  # rows of different lengths
        return values
    return torch.from_numpy(found) if found.dtype.kind in "biuf" else values


def tensor(call: str, name: str, values: object) -> Tensor:
    """The values as they are; ModelError where they are no tensor of real numbers."""
    if not isinstance(values, Tensor):
        raise ModelError(f"{call}: {name}: got {type(values).__name__}, needs a tensor of numbers")
    if values.is_complex():
        raise ModelError(f"{call}: {name}: got {values.dtype}, needs real numbers")
    return values


def _check_names(dataset: object) -> None:
    if not isinstance(dataset, Mapping):
        raise ModelError(f"fit: got {type(dataset).__name__}, needs a dataset, see create_dataset")
    missing = [name for name in Data._fields if name not in dataset]
    if missing:
        raise ModelError(
            f"fit: the dataset has no '{missing[0]}'; it needs {', '.join(Data._fields)}"
        )


def checked_labels(call: str, name: str, given: object, count: int, outputs: int | None) -> Tensor:
    """The labels of so many points, those of a single output as a column.

    `outputs` is None where a loss function of the caller's knows what the labels are.
    """
    labels = tensor(call, name, given)
    if labels.ndim == 0 or len(labels) != count:
        got = "one number" if labels.ndim == 0 else f"{len(labels)} rows"
        raise ModelError(f"{call}: {name}: got {got} for {count} rows of points")
    labels = labels.unsqueeze(1) if outputs == 1 and labels.ndim == 1 else labels
    if outputs is not None and list(labels.shape[1:]) != [outputs]:
        shape = list(labels.shape)
        raise ModelError(f"{call}: {name}: got shape {shape}, needs [{count}, {outputs}]")
    if not bool(labels.isfinite().all()):
        bad = int((~labels.isfinite()).reshape(count, -1).any(dim=1).sum())
        raise ModelError(
            f"{call}: {name}: {bad} of {count} rows hold NaN or infinity; leave them out"
        )
    return labels


def suitable(
    data: Data, loss: Callable[[Tensor, Tensor], object], model: Callable[[Tensor], Tensor]
) -> Data:
    """The data with labels in a form that a loss takes: as they are, as classes or as values.

    Classes are whole numbers [n], values are numbers in the shape of what the model gives.
    ModelError with the loss function's own words where it takes none.
    """
    with torch.no_grad():
        values = model(data.train_input), model(data.test_input)
    labels = data.train_label, data.test_label
    fault: Exception | None = None
    for form in (_as_given, _as_classes, _as_values):
        made = [form(*pair) for pair in zip(labels, values, strict=True)]
        if any(each is None for each in made):
            continue
        train, test = (each for each in made if each is not None)
        try:
            with catch_warnings():
                # torch only warns where it makes a table of differences of a row and a column.
                filterwarnings("error", "Using a target size", UserWarning)
                for pair in zip(values, (train, test), strict=True):
                    loss(*pair)
        except (ArithmeticError, IndexError, RuntimeError, TypeError, ValueError, Warning) as error:
            fault = fault or error
        else:
            return data._replace(train_label=train, test_label=test)
    said = str(fault).strip().split("\n")[0]
    raise ModelError(
        f"fit: loss_fn: {said:.200} (values {list(values[0].shape)}, labels "
        f"{list(labels[0].shape)} of {labels[0].dtype}); give labels that it takes"
    )


def _as_given(labels: Tensor, _: Tensor) -> Tensor | None:
    return labels


def _as_classes(labels: Tensor, values: Tensor) -> Tensor | None:
    whole = labels.flatten().long()
    return whole if len(whole) == len(values) and bool((whole == labels.flatten()).all()) else None


def _as_values(labels: Tensor, values: Tensor) -> Tensor | None:
    return labels.to(values).view_as(values) if labels.numel() == values.numel() else None


def _bounds(ranges: Sequence[object], n_var: int) -> Float[Tensor, "d 2"]:
    bounds = torch.as_tensor(ranges, dtype=torch.float64)
    bounds = bounds.expand(n_var, 2) if bounds.shape == (2,) else bounds
    if bounds.shape != (n_var, 2) or not bool((bounds[:, 0] < bounds[:, 1]).all()):
        raise ModelError(
            f"create_dataset: ranges: got {ranges!r}, needs (lower, upper) or {n_var} such pairs"
        )
    return bounds


def _labels(values: Tensor, points: Tensor) -> Tensor:
    labels = values.unsqueeze(1) if values.ndim == 1 else values
    if labels.ndim != 2 or len(labels) != len(points):
        raise ModelError(
            f"create_dataset: f: got shape {list(values.shape)} for {len(points)} points, "
            f"needs [{len(points)}, outputs]; f takes all points at once, x[:, [0]] is a variable"
        )
    return labels


def _normalize(parts: list[Tensor]) -> list[Tensor]:
    mean, spread = parts[0].mean(dim=0), parts[0].std(dim=0)
    return [(part - mean) / spread for part in parts]
