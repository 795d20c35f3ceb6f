"""What goes wrong with the arguments of a model, in one sentence."""

from collections.abc import Callable, Collection
from difflib import get_close_matches
from functools import wraps
from math import inf, isfinite
from numbers import Integral, Real
from typing import ParamSpec, TypeGuard, TypeVar, final

import torch

from pikan.kan.pykan_names import GONE

P = ParamSpec("P")
R = TypeVar("R")

# What can be fitted: coarser numbers leave a search nothing to tell.
_PRECISIONS = (torch.float32, torch.float64)


@final
class ModelError(ValueError):
    """An argument that a model cannot use: what was given, and what would do."""


@final
class AbsentError(AttributeError):
    """A method of pykan's that a model does not have, and what does the same."""


def known_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """The function, which says what is wrong with an argument that it does not have.

    ModelError, with the reason why pikan has no use for it where it is one of pykan's.
    """
    call = function.__qualname__.removesuffix(".__init__").rpartition(".")[2]
    known = [name for name in function.__annotations__ if name != "return"]

    @wraps(function)
    def with_known_arguments(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name in known:
                continue
            if name in GONE:
                raise ModelError(f"{call}: leave out '{name}': {GONE[name]}")
            close = get_close_matches(name, known, n=1, cutoff=0.6)
            remedy = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(known)}"
            raise ModelError(f"{call}: unknown argument '{name}'; {remedy}")
        return function(*args, **kwargs)

    return with_known_arguments


def one_of(call: str, name: str, given: object, choices: Collection[str]) -> str:
    """The word given, if it is one of the choices; ModelError if not."""
    if isinstance(given, str) and given in choices:
        return given
    plain = {choice.casefold(): choice for choice in choices}
    close = get_close_matches(str(given).casefold(), list(plain), n=1, cutoff=0.6)
    remedy = f"did you mean '{plain[close[0]]}'?" if close else f"needs one of {', '.join(choices)}"
    raise ModelError(f"{call}: {name}: got {given!r}; {remedy}")


def whole(call: str, name: str, given: object, least: int, besides: str = "") -> int:
    """The whole number given, if it is at least so much; ModelError if not.

    `besides` says what else would do: "-1 for all rows, or ".
    """
    if isinstance(given, bool) or not isinstance(given, Integral) or given < least:
        needs = f"{besides}a whole number from {least} on"
        raise ModelError(f"{call}: {name}: got {given!r}, needs {needs}")
    return int(given)


def number(call: str, name: str, given: object, least: float = -inf, above: float = -inf) -> float:
    """The finite number given, if it is at least or above so much; ModelError if not."""
    if not is_finite(given) or given < least or given <= above:
        bound = f" from {least:g} on" if isfinite(least) else ""
        bound = f" above {above:g}" if isfinite(above) else bound
        raise ModelError(f"{call}: {name}: got {given!r}, needs a finite number{bound}")
    return float(given)


def is_finite(given: object) -> TypeGuard[float]:
    """Whether this is a number, and neither infinite nor NaN."""
    return not isinstance(given, bool) and isinstance(given, Real) and isfinite(given)


def read_precision(call: str, given: object) -> torch.dtype:
    """The precision given, torch's default for None; ModelError for one not to compute in."""
    given = torch.get_default_dtype() if given is None else given
    if not isinstance(given, torch.dtype) or given not in _PRECISIONS:
        needs = " or ".join(map(str, _PRECISIONS))
        raise ModelError(f"{call}: dtype: got {given!r}, needs {needs}")
    return given


def read_device(call: str, given: str | torch.device) -> torch.device:
    """The device given, if there is one; ModelError if not."""
    try:
        return torch.empty(0, device=given).device
    # Without CUDA, torch fails an assertion of its own.
    except (AssertionError, RuntimeError, TypeError):
        raise ModelError(
            f"{call}: device: got {given!r}, needs one that torch has here, such as 'cpu'"
        ) from None
