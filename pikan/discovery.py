"""Equations discovered from arrays, without a file: what `discover:` does before its joint fit."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import Shaped

from pikan.solvers.discovery.discover import discover as discover_in
from pikan.solvers.found import DiscoveredEquation
from pikan.spec import formulas, reader, writer

Array = Shaped[np.ndarray, "*_"]


def discover(
    values: Array | Mapping[str, Array],
    /,
    *,
    left: str | Sequence[str],
    candidates: Sequence[str],
    at_most: int = 4,
    noise: float | None = None,
    **coordinates: Array,
) -> DiscoveredEquation | tuple[DiscoveredEquation, ...]:
    """The terms of an equation: `pikan.discover(u, x=x, t=t, left="u_t", candidates=[...])`.

    The values have an axis for each coordinate, in the order of these; several unknowns are given
    by their names, and then there is a left side for each and an equation for each comes back.
    `noise` is the standard deviation of the values, estimated if left out. What comes back has the
    `equation`, its `terms` with intervals, the `votes` for them and the `alternatives` that explain
    the values as well. Raises SpecError with all that is wrong.
    """
    unknowns = values if isinstance(values, Mapping) else {"u": values}
    lefts = [left] if isinstance(left, str) else list(left)
    data: dict[str, object] = {"file": "values.npz", "unknowns": {name: name for name in unknowns}}
    if noise is not None:
        data["noise"] = float(noise)
    written = {
        "domain": {
            name: [float(np.min(axis)), float(np.max(axis))] for name, axis in coordinates.items()
        },
        "unknowns": list(unknowns),
        "discover": [
            {"left": each, "candidates": list(candidates), "at_most": at_most} for each in lefts
        ],
        "data": [data],
    }
    with TemporaryDirectory() as folder:
        np.savez(Path(folder, "values.npz"), allow_pickle=False, **coordinates, **unknowns)
        spec = reader.parse_spec(writer.inline(written), "the arrays", Path(folder))
        found = discover_in(formulas.problem(spec))
    return found[0] if isinstance(left, str) else found
