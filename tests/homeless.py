"""A stand-in for an accelerator: tensors that were made without a device are caught in company.

On an accelerator a tensor that a function makes without saying where lies in the wrong memory.
Without one it works, and nobody notices; in here it does not.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

MAKING = {
    getattr(torch, name)
    for name in (
        "arange", "as_tensor", "empty", "eye", "full", "linspace", "ones", "rand",
        "randint", "randn", "randperm", "tensor", "zeros",
    )
}  # fmt: skip
# What moves values from one device to another, and what goes by its first tensor alone.
MOVING = {Tensor.to, Tensor.new_tensor}
FIRST = {
    Tensor.__getitem__,
    Tensor.__setitem__,
    Tensor.__deepcopy__,
    Tensor.copy_,
    torch._has_compatible_shallow_copy_type,
}
READING = {Tensor.numpy, Tensor.__array__}


# Where a tensor says that it is if it was made without a device: the same memory by another name.
NOWHERE = torch.device("cpu:0")


class WrongPlaceError(RuntimeError):
    """An accelerator would have refused this."""


class Homeless(TorchFunctionMode):
    """Raises WrongPlaceError where what has no device meets what has one, or NumPy the latter."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        given = list(tensors((args, kwargs)))
        if func == Tensor.device.__get__:
            return NOWHERE if marked(given[0]) else torch.device("cpu")
        found = func(*args, **kwargs)
        words = [word for word in args if isinstance(word, torch.device)]
        told = [torch.device(word) for word in (*words, kwargs.get("device")) if word is not None]
        if func == Tensor.data.__set__:
            args[0].__dict__["homeless"] = marked(args[1])
            return found
        if func in MAKING:
            # `as_tensor` leaves a tensor where it is.
            return mark(found, told == [NOWHERE] or (not told and all(map(marked, given))))
        if func is Tensor.cpu:
            return mark(found.view_as(found), True)
        if func in MOVING:
            others = given[1:] or given if func is Tensor.to else given[:1]
            homeless = told == [NOWHERE] if told else all(map(marked, others))
            return mark(found.view_as(found) if found is given[0] else found, homeless)
        large = [one for one in given if one.dim() > 0]
        if func in READING and not all(map(marked, large)):
            raise WrongPlaceError(f"{func.__name__} of what may be on an accelerator")
        compared = large[:0] if func in FIRST else large
        if any(map(marked, compared)) and not all(map(marked, compared)):
            raise WrongPlaceError(f"{func.__name__} of what was made without a device, and others")
        home = given[0] if func in FIRST else None
        homeless = marked(home) if home is not None else bool(given) and all(map(marked, given))
        return mark(found, homeless)


def parameter(
    kind: type[nn.Parameter], data: Tensor, requires_grad: bool = True, *, make=nn.Parameter.__new__
) -> Tensor:
    """A parameter is where its data are, to take the place of `nn.Parameter.__new__`."""
    made = make(kind, data, requires_grad)
    made.__dict__["homeless"] = marked(data)
    return made


def tensors(values: object) -> Iterator[Tensor]:
    """All tensors in nested values."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, dict):
        yield from tensors(list(values.values()))
    elif isinstance(values, list | tuple):
        for value in values:
            yield from tensors(value)


def marked(tensor: Tensor) -> bool:
    """Whether a tensor was made without a device."""
    return tensor.__dict__.get("homeless", False)


def mark(found: object, homeless: bool) -> object:
    """The same with every tensor in it marked."""
    for one in tensors(found):
        if not (one.requires_grad and one.is_leaf):
            one.__dict__["homeless"] = homeless
    return found
