"""The pieces of a region by constants of a spec: which there are, and where they meet."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from pikan.expression.error import FormulaError
from pikan.expression.scan import cut
from pikan.expression.tree import Expression
from pikan.expression.wording import did_you_mean, word_list
from pikan.geometry.box import Box
from pikan.geometry.contact import contact
from pikan.geometry.domain import Domain
from pikan.geometry.ellipse import Annulus, Ellipse
from pikan.geometry.face import Face
from pikan.geometry.implicit import Implicit, LevelSet
from pikan.geometry.pieces import Cell, Interface, cells, disjoint, interfaces
from pikan.geometry.region import Component, Region, union
from pikan.geometry.shape import Points
from pikan.problem.statement import Piece
from pikan.spec.boundaries import BOX
from pikan.spec.constants import Constants
from pikan.spec.faults import Check, Keys
from pikan.spec.networks import ProductSettings
from pikan.spec.piece_settings import PieceSettings
from pikan.spec.schema import Repeats, Spec
from pikan.spec.shape_reader import ShapeReader, around_all, as_list, inequalities
from pikan.spec.stages.climb import ClimbStage

ELSE = "else"
# More pieces than this, each with a polynomial of its own, are too many for one dense matrix.
_MOST = 40
# As many points tell whether two formulas are one but for a sign.
_COMPARED = 64
# The box of a piece is wider than its points by this part of its width.
_SLACK = 1e-6
# Keys of a problem that speak of a whole domain.
_ALONE = ("energy", "energies", "constraints", "parameters", "find", "data", "discover")

Dividers = tuple[tuple[Component, ...], ...]


@dataclass(frozen=True)
class Division:
    """What constants divide a region into, and where two pieces meet, by the names of shapes.

    `names` are the constants; where something is at fault there are no pieces.
    """

    names: tuple[str, ...] = ()
    pieces: tuple[Piece, ...] = ()
    interfaces: Mapping[str, tuple[Interface, ...]] = field(default_factory=dict)

    @property
    def constants(self) -> Mapping[str, float]:
        """The constants in the first piece; NaN where there is none."""
        return self.pieces[0].constants if self.pieces else dict.fromkeys(self.names, math.nan)


class _Key(NamedTuple):
    """Where a value holds, and what divides the region for that."""

    holds: Callable[[Points], Bool[np.ndarray, " n"]]
    dividers: Dividers


def pieces(spec: Spec, box: Box, region: Region | None, known: Constants) -> Check[Division]:
    """The pieces of the region of a spec; none where no constant has any."""
    written = {k: v.pieces for k, v in spec.constants.items() if isinstance(v, PieceSettings)}
    found = Division(tuple(written))
    faults = list(_misplacements(spec, box, region, found.names))
    for keys, message in faults:
        yield spec.origin.fault(keys, message)
    if not written or faults or region is None or any(map(math.isnan, (*box.lower, *box.upper))):
        return found
    keys = yield from _PieceReader(spec, box, region, known).keys(written)
    if keys is None:
        return found
    dividers = tuple({id(one): one for key in keys.values() for one in key.dividers}.values())
    made = cells(region, dividers) if dividers else ()
    values = yield from _values(spec, box, region, known, keys, made)
    for one in made if values else ():
        touching = contact(one.region)
        if touching is not None:
            place = _place(box, region, np.array(touching[2]))
            message = f"'{touching[0].name}' touches '{touching[1].name}' at {place}; move it"
            yield spec.origin.fault(("constants", found.names[0]), message)
            return found
    if values is None:
        return found
    met: dict[str, tuple[Interface, ...]] = {}
    for each in interfaces(region, made):
        met[each.part.name] = (*met.get(each.part.name, ()), each)
    own = [Piece(c.region, _box(box, c), v) for c, v in zip(made, values, strict=True)]
    return Division(found.names, tuple(own), met)


def _misplacements(
    spec: Spec, box: Box, region: Region | None, names: Sequence[str]
) -> Iterator[tuple[Keys, str]]:
    """What does not go with pieces, or with shapes that no piece speaks of."""
    if not names:
        for name in spec.shapes:
            example = f"constants: {{a: {{pieces: {{{name}: 1, {ELSE}: 2}}}}}}"
            yield ("shapes", name), f"no piece speaks of it; write {example}"
        return
    for key in _ALONE:
        if getattr(spec, key):
            instead = (
                "state its equation, -div(a*grad(u)) = f" if key == "energy" else "leave one out"
            )
            yield (key,), f"'{key}' does not go with constants that have pieces; {instead}"
    yield from _ways_by_hand(spec)
    if region is None and spec.region is None and len(box.space) not in (2, 3):
        count = len(box.space)
        message = f"pieces are for two or three coordinates in space; the domain has {count}"
        yield ("constants", names[0]), f"{message}: write step(...) there"


def _ways_by_hand(spec: Spec) -> Iterator[tuple[Keys, str]]:
    """Networks, stages and conditions that do not know of pieces."""
    for index, one in enumerate(spec.conditions):
        if isinstance(one, Repeats):
            message = "a solution in pieces does not repeat itself; write conditions on both sides"
            yield ("conditions", index, "periodic"), message
    if not isinstance(spec.network, ProductSettings | None):
        yield ("network",), "pieces have products of their own; leave network out"
    for index, stage in enumerate(spec.training or ()):
        if not isinstance(stage, ClimbStage):
            message = f"{stage.word()} takes no pieces; take climb, or leave training out"
            yield ("training", index, stage.word()), message


class _PieceReader:
    """Reads where values hold, each shape and each formula once."""

    def __init__(self, spec: Spec, box: Box, region: Region, known: Constants) -> None:
        self.spec, self.region, self.known = spec, region, known
        self.coordinates = tuple(box.coordinates[axis] for axis in region.axes)
        lower, upper = region.bounds
        bounds = tuple(map(float, lower)), tuple(map(float, upper))
        self.around = around_all([bounds])
        self.reader = ShapeReader(spec.origin, self.coordinates, known)
        self.probes = Domain(
            Box(self.coordinates, *bounds), replace(region, axes=tuple(range(len(lower))))
        ).sample(Face(()), _COMPARED)
        self.levels: list[tuple[np.ndarray, Dividers]] = []

    def keys(self, written: Mapping[str, Mapping[str, object]]) -> Check[dict[str, _Key] | None]:
        """What every key means, `else` left out; None where one means nothing."""
        shapes = yield from self._shapes()
        found: dict[str, _Key] = {}
        faulty = self.reader.faulty
        for name, values in written.items():
            for text in values:
                if text == ELSE or text in found:
                    continue
                way: Keys = ("constants", name, "pieces", text)
                try:
                    if text in shapes:
                        found[text] = self._of_shape(shapes[text])
                    else:
                        found[text] = self._of_formula(text, list(shapes))
                except ValueError as error:
                    faulty = True
                    messages = getattr(error, "messages", (str(error),))
                    yield from self.spec.origin.faults(way, messages)
        return None if faulty else found

    def _shapes(self) -> Check[dict[str, tuple[Component, ...]]]:
        """The components of all named shapes: those of the region and those for pieces."""
        found: dict[str, tuple[Component, ...]] = {}
        for one in self.region.components:
            for each, _ in one.walk():
                found[each.name] = (*found.get(each.name, ()), each)
        for name, written in self.spec.shapes.items():
            way: Keys = ("shapes", name)
            self.reader.names.append((way, name))
            if name in found or name == ELSE:
                message = f"'{name}' has another meaning already; choose another name"
                yield self.spec.origin.fault(way, message)
                continue
            own = yield from self.reader.components(as_list(way, written), self.around)
            found[name] = tuple(replace(one, name=name) for one in own)
        yield from self.reader.check_names()
        return found

    def _of_shape(self, components: tuple[Component, ...]) -> _Key:
        """Shapes that are apart from each other divide the region one by one."""
        parts: Dividers = (components,)
        if disjoint(self.region, components):
            parts = tuple(circle for one in components for circle in _circles(one))
        return _Key(lambda at: union(components, at), parts)

    def _of_formula(self, text: str, shapes: list[str]) -> _Key:
        if not {"<", ">"} & set(text):
            known = [*dict.fromkeys(one for one in shapes if one != BOX), ELSE]
            raise FormulaError(
                f"'{cut(text, 60)}' is no shape and compares nothing; write a comparison such as "
                f"{self.coordinates[0]} < 0.3, or one of {word_list(known)}"
                f"{did_you_mean(text, known)}"
            )
        formulas = inequalities(text, self.coordinates, self.known)
        if len(self.coordinates) != 2:
            raise FormulaError("formulas divide regions of two coordinates; name shapes instead")
        every = tuple(one for formula in formulas for one in self._level(formula, text))
        levels = [LevelSet(one, (self.coordinates[0], self.coordinates[1])) for one in formulas]

        def holds(at: Points) -> Bool[np.ndarray, " n"]:
            return np.all([level.values(at) < 0.0 for level in levels], axis=0)

        return _Key(holds, every)

    def _level(self, formula: Expression, text: str) -> Dividers:
        """The half plane, or what it is, of one comparison; the other half of one known."""
        assert self.around is not None
        level = LevelSet(formula, (self.coordinates[0], self.coordinates[1]))
        values = level.values(self.probes)
        for other, made in self.levels:
            if np.array_equal(values, other) or np.array_equal(-values, other):
                return made
        (a, b), (c, d) = self.around
        shape = Implicit(level, (a, b), (c, d))
        if not shape.sides:
            raise FormulaError(
                f"'{cut(text, 60)}' holds everywhere in the region or nowhere; leave it out"
            )
        made = ((Component(shape, " ".join(text.split())),),)
        self.levels.append((values, made))
        return made


def _circles(component: Component) -> Dividers:
    """What divides a region as a component does: an annulus by both of its circles."""
    shape = component.shape
    if not isinstance(shape, Annulus) or component.within or component.without:
        return ((component,),)
    radii = (shape.outer, shape.inner)
    return tuple(
        (Component(Ellipse(shape.center, (r, r), kind="disc"), component.name),) for r in radii
    )


def _values(
    spec: Spec,
    box: Box,
    region: Region,
    known: Constants,
    keys: Mapping[str, _Key],
    made: tuple[Cell, ...],
) -> Check[list[dict[str, float]] | None]:
    """The constants of each piece, by the first key that holds; None where one is missing."""
    held = {text: [bool(key.holds(c.inside[None])[0]) for c in made] for text, key in keys.items()}
    written = {k: v.pieces for k, v in spec.constants.items() if isinstance(v, PieceSettings)}
    faults: list[tuple[Keys, str]] = []
    if len(made) > _MOST:
        message = f"the region falls into {len(made)} pieces; at most {_MOST} are solved for"
        faults.append((("constants", next(iter(written))), message))
    values: list[dict[str, float]] = [{} for _ in made]
    for name, by_piece in written.items():
        numbers: dict[str, float] = {}
        for text, value in by_piece.items():
            way: Keys = ("constants", name, "pieces", text)
            try:
                numbers[text] = known.value(value)
            except FormulaError as error:
                faults += [(way, message) for message in error.messages]
            if text != ELSE and not any(held[text]):
                faults.append((way, "holds nowhere in the region; leave it out"))
        for number, (cell, own) in enumerate(zip(made, values, strict=True)):
            here = [text for text in by_piece if text != ELSE and held[text][number]]
            if not here and ELSE not in by_piece:
                place = _place(box, region, cell.inside)
                message = f"has no value at {place}; add `{ELSE}: ...` for what is left"
                faults.append((("constants", name), message))
                break
            own[name] = numbers.get(here[0] if here else ELSE, math.nan)
    if len(made) < 2 and not faults:
        message = "has one value in all of the region; write it as a number"
        faults.append((("constants", next(iter(written))), message))
    for way, message in faults:
        yield spec.origin.fault(way, message)
    unknown = any(math.isnan(value) for own in values for value in own.values())
    return None if faults or unknown else values


def _place(box: Box, region: Region, point: np.ndarray) -> str:
    names = [box.coordinates[axis] for axis in region.axes]
    return ", ".join(f"{name} = {at:.4g}" for name, at in zip(names, point, strict=True))


def _box(box: Box, cell: Cell) -> Box:
    """The box around a piece, no larger than that around the region."""
    lower, upper = list(box.lower), list(box.upper)
    for axis, low, high in zip(cell.region.axes, cell.lower, cell.upper, strict=True):
        more = _SLACK * (high - low)
        lower[axis], upper[axis] = max(lower[axis], low - more), min(upper[axis], high + more)
    return Box(box.coordinates, tuple(lower), tuple(upper))
