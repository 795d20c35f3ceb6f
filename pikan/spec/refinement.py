"""Refinements that ask for more than there is, which shows once everything is chosen."""

from typing import NamedTuple, TypeVar

from pikan.bases.registry import family
from pikan.spec.faults import Check, Keys
from pikan.spec.networks import KANSettings, ProductSettings
from pikan.spec.schema import Spec
from pikan.spec.stages.refine import RefineSettings, RefineStage

T = TypeVar("T", bound=str | int | None)


class Size(NamedTuple):
    """The size of one basis; `breaks` are the knots between cells that differ."""

    spline: bool
    degree: int
    cells: int
    breaks: int

    @property
    def functions(self) -> int:
        """How many functions the basis has."""
        return self.degree + (self.cells if self.spline else 1)


def check_refinements(spec: Spec) -> Check[None]:
    """No refinement of a completed spec makes a basis or a rank smaller."""
    bases = sizes(spec)
    rank = spec.network.rank if isinstance(spec.network, ProductSettings) else None
    for index, stage in enumerate(spec.training or ()):
        if not isinstance(stage, RefineStage):
            continue
        keys: Keys = ("training", index, "refine")
        asked = stage.refine
        before = {
            "degree": max((one.degree for one in bases), default=0),
            "grid": max((one.cells for one in bases if one.spline), default=0),
            "rank": rank if isinstance(rank, int) else 0,
        }
        wanted = {"degree": asked.degree, "grid": asked.grid, "rank": asked.rank}
        for key, number in wanted.items():
            if number is not None and number < before[key]:
                message = f"got {number}, needs at least {before[key]}, which there is before it"
                yield spec.origin.fault((*keys, key), message)
        bases = [refine_size(one, asked) for one in bases]
        rank = asked.rank or rank


def sizes(spec: Spec) -> list[Size]:
    """Each basis at the start: of each layer of a KAN, of each coordinate of a product."""
    network = spec.network
    match network:
        case KANSettings(width=width) if width is not None:
            count = len(width) - 1
        case ProductSettings():
            count = len(spec.domain)
        case _:
            return []
    names, degrees = _each(network.basis, count), _each(network.degree, count)
    grids = _each(network.grid, count)
    return [
        Size(name is not None and family(name).cells, degree or 0, grid or 1, (grid or 1) - 1)
        for name, degree, grid in zip(names, degrees, grids, strict=True)
    ]


def refine_size(size: Size, asked: RefineSettings) -> Size:
    """Splines of a higher degree repeat their knots, so that they stay as smooth as they were."""
    degree = max(size.degree, asked.degree or 0)
    cells = size.cells + (degree - size.degree) * size.breaks
    finer = max(cells, asked.grid or 0)
    return Size(size.spline, degree, finer, size.breaks + finer - cells)


def _each(setting: T | tuple[T, ...], count: int) -> tuple[T, ...]:
    return setting if isinstance(setting, tuple) else (setting,) * count
