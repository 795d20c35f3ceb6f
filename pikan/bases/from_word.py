"""From words to bases, and back."""

from importlib import import_module

from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.bases.knots import even_knots
from pikan.bases.registry import ALL, FAMILIES, family, format_word, parse


def basis_from_word(word: str, knots: Float[Tensor, "in _"], degree: int) -> Basis:
    """The basis that a word names on these knots; ValueError where there is none.

    >>> import torch
    >>> basis_from_word("jacobi(0.5, 0.5)", torch.tensor([[0.0, 1.0]]), degree=3).size
    4
    """
    name, parameters = parse(word, ALL)
    found = ALL[name]
    made: Basis = getattr(import_module(found.module), found.kind)(knots, degree, *parameters)
    return made


def on_interval(word: str, interval: Float[Tensor, "in 2"], degree: int, grid: int) -> Basis:
    """The basis that a word names on intervals, in equal cells where it has any."""
    knots = even_knots(interval, grid) if family(word).cells else interval
    return basis_from_word(word, knots, degree)


def word(basis: Basis) -> str:
    """The word that names a basis; ValueError for one of a kind that has none.

    >>> import torch
    >>> word(basis_from_word("fourier(2)", torch.tensor([[0.0, 1.0]]), degree=3))
    'fourier(2)'
    """
    place = type(basis).__module__, type(basis).__name__
    names = [name for name, known in ALL.items() if (known.module, known.kind) == place]
    if not names:
        raise ValueError(f"basis: got {place[1]}, needs one of {', '.join(FAMILIES)}")
    return format_word(names[0], basis.numbers)
