"""What every format offers: the names in a file, and the arrays of some of them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Shaped

Arrays = Sequence[Shaped[np.ndarray, "*_"]]


class Contents(NamedTuple):
    """The names in a file, how many numbers some of them claim to have, and their arrays.

    Whatever is raised by the three is said to be the fault of the file.
    """

    names: Sequence[str]
    size: Callable[[Sequence[str]], int]
    load: Callable[[Sequence[str]], Arrays]
