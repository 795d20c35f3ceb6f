"""Narrow features, jumps and kinks of the known functions of a problem, read off its formulas."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Literal, NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float

from pikan.expression.enclosure import enclosure
from pikan.expression.evaluate import evaluate
from pikan.expression.functions import JUMPS, KINKS
from pikan.expression.tree import (
    Call,
    Expression,
    Number,
    Operation,
    fold,
    names,
    operands,
    substitute,
    subtract,
    text,
)
from pikan.geometry.box import Box
from pikan.geometry.domain import Domain
from pikan.geometry.face import Face
from pikan.problem.graded_cells import balance
from pikan.problem.statement import Problem, residual_on
from pikan.references.formula import FormulaSolution

Array = Float[np.ndarray, " _"]
Corners = Float[np.ndarray, "n d"]

# A call may vary on a cell by this part of its range.
_SHARE = 0.25
# Before anything of a call is seen, its bounds are its range, and then this part of them.
_UNSEEN = 1e-3
# Cells are at most 2^-40 of the domain wide, kinks known to 2^-52 of it; more cells than this are
# too many to look at in a moment.
_DEPTH, _KINK_DEPTH, _MOST = 40, 52, 200_000
# So often every cell is halved along each axis, whatever is known of it.
_FIRST = 2
# Points spread evenly see what varies in this part of the domain, or this part of an axis, and
# what lies between two places this part of an axis apart.
_NARROW, _SLIM, _SHORT = 1e-3, 1 / 64, 1 / 32
# Roots as near as this part of the axis are one.
_SAME = 1e-12
# Cells that are a larger part than this of their distance from a pole are only graded toward it.
_GRADED = 64.0
# Powers this low vary over the whole axis.
_LOW_POWER = 4
# So much of the domain is nearly everywhere, and cells up to so many times the smallest are alike.
_EVERYWHERE, _ALIKE = 0.5, 64.0
# So many places are named in a sentence.
_NAMED = 3


@final
class Feature(NamedTuple):
    """A known function that varies within a small part of the domain.

    `label` is the equation or condition that it stands in, `place` where it varies, in words.
    `lower` and `upper` are corners of the cells, smaller than points spread evenly would see, on
    each of which it varies little.
    """

    label: str
    formula: str
    place: str
    width: float
    lower: Corners
    upper: Corners

    def words(self) -> str:
        """What varies, how much of the domain it takes to, and where."""
        return f"'{self.formula}', which varies within {self.width:.1e} at {self.place}"


@final
class FeaturePlace(NamedTuple):
    """Where a known function of an equation or condition jumps, or has a kink, along one axis."""

    label: str
    axis: int
    value: float
    kind: Literal["jump", "kink"]
    formula: str


@final
class Features(NamedTuple):
    """What the known functions of a problem tell of its solution before it is solved.

    `edges` are edges of cells along each axis, the ends alone where nothing is narrow, `places`
    its jumps and kinks. `unread` holds formulas that vary, jump or bend in too many places to list,
    `oblique` those that jump or bend along lines oblique to the axes.
    """

    narrow: tuple[Feature, ...]
    places: tuple[FeaturePlace, ...]
    unread: tuple[str, ...]
    edges: tuple[Array, ...]
    oblique: tuple[str, ...] = ()

    @property
    def smooth(self) -> bool:
        """Whether points spread evenly see all that varies."""
        return all(len(along) == 2 for along in self.edges)


class _Known(NamedTuple):
    """A part of a formula that holds coordinates alone, and the axes of these.

    `inner` says that it is an operand of another.
    """

    label: str
    formula: Expression
    axes: Mapping[str, int]
    inner: bool


class _Cells(NamedTuple):
    """Cells on each of which a formula varies little, and those too small to be halved again.

    `certain` says that there were not too many.
    """

    lower: Corners
    upper: Corners
    poles: Corners
    certain: bool


def features(problem: Problem) -> Features:
    """Reads every part of the equations and conditions that holds coordinates alone.

    Bounds from interval arithmetic, on boxes that are halved until every call and quotient varies
    by at most a quarter of its range on each: a certificate, not a sample. Cells on which that
    takes 2^-40 of the domain, as beside a pole, are left at that. The members of a family have
    features, each its own, and the family none.
    """
    box = problem.box
    ends = [np.array(pair) for pair in zip(box.lower, box.upper, strict=True)]
    if problem.parameters:
        return Features((), (), (), tuple(ends))
    narrow, places = list[Feature](), dict[tuple[int, float], FeaturePlace]()
    unread, oblique = list[str](), list[str]()
    edges: list[list[Array]] = [[end] for end in ends]
    for known in _known_functions(problem):
        if isinstance(known.formula, Call) and known.formula.function in JUMPS | KINKS:
            found, others = _kinks(known, box)
            places.update({(one.axis, one.value): one for one in found})
            if others:
                (oblique if len(known.axes) > 1 else unread).append(text(known.formula))
            continue
        cells = _cells(known, problem.domain)
        feature = None if cells is None else _feature(known, box, cells)
        if feature is not None:
            narrow.append(feature)
        if cells is not None and not cells.certain:
            unread.append(text(known.formula))
    narrow += _between(problem, tuple(places.values()))
    narrow = [one for one in narrow if _in_domain(problem, one)]
    for feature in narrow:
        # A mesh that resolves what varies in too many places would be too large.
        for axis in range(box.dimension if feature.formula not in unread else 0):
            edges[axis] += [feature.lower[:, axis], feature.upper[:, axis]]
    along = tuple(balance(np.unique(np.concatenate(one))) for one in edges)
    named = (tuple(dict.fromkeys(one)) for one in (unread, oblique))
    return Features(tuple(narrow), tuple(places.values()), next(named), along, next(named))


def _in_domain(problem: Problem, feature: Feature) -> bool:
    """Whether the center of one of its cells lies in the domain."""
    return bool(np.any(problem.domain.covers((feature.lower + feature.upper) / 2)))


def _known_functions(problem: Problem) -> Iterator[_Known]:
    """The calls, quotients and high powers of coordinates alone, each once.

    Those of a known solution are of no equation, but tell where it has to be compared.
    """
    box = problem.box
    placed = [(one.label, one.residual, Face(())) for one in problem.equations]
    placed += [
        (one.label, residual_on(problem, one, face), face)
        for one in problem.conditions
        for face in one.faces
    ]
    if isinstance(problem.exact, FormulaSolution):
        placed += [("exact", formula, Face(())) for formula in problem.exact.formulas.values()]
    seen: set[Expression] = set()
    for label, residual, face in placed:
        values = {box.coordinates[axis]: Number(value) for axis, value in face.fixed}
        values |= {name: Number(value) for name, value in problem.constants.items()}
        free = {name: k for k, name in enumerate(box.coordinates) if name not in values}
        for part, inner in _parts(fold(substitute(residual, values)), free, inner=False):
            if part not in seen:
                seen.add(part)
                axes = {name: k for name, k in free.items() if name in names(part)}
                yield _Known(label, part, axes, inner)


def _parts(
    expression: Expression, free: Mapping[str, int], *, inner: bool
) -> Iterator[tuple[Expression, bool]]:
    """Parts of a formula of coordinates that may be narrow by themselves, the outer ones first."""
    held = names(expression) - {"pi", "e"}
    found = bool(held) and held <= free.keys() and _may_be_narrow(expression)
    if found:
        yield expression, inner
    for operand in operands(expression):
        yield from _parts(operand, free, inner=inner or found)


def _may_be_narrow(expression: Expression) -> bool:
    match expression:
        case Call():
            return True
        case Operation("/", _, right):
            return bool(names(right) - {"pi", "e"})
        case Operation("**", _, Number(exponent)):
            return not (exponent == int(exponent) and 0 <= exponent <= _LOW_POWER)
        case Operation("**"):
            return True
        case _:
            return False


def _kinks(known: _Known, box: Box) -> tuple[list[FeaturePlace], bool]:
    """The roots of what a kinked function is of; whether there are others, oblique or too many."""
    assert isinstance(known.formula, Call)
    function, arguments = known.formula.function, known.formula.arguments
    argument = arguments[0] if len(arguments) == 1 else subtract(*arguments)
    axes = {name: axis for name, axis in known.axes.items() if name in names(argument)}
    own = list(axes.values())
    lower, upper = np.array([box.lower]), np.array([box.upper])
    for _ in range(_KINK_DEPTH):
        below, above = enclosure(argument, axes, {}, lower, upper).value
        held = (below <= 0) & (above >= 0)
        lower, upper = lower[held], upper[held]
        if not len(lower) or not own:
            return [], False
        if len(lower) > _MOST // 50:
            return [], True
        lower, upper = _halve(lower, upper, own, np.ones((len(lower), len(own)), dtype=bool))
    if len(own) > 1:
        return [], True
    axis = own[0]
    near = _SAME * (box.upper[axis] - box.lower[axis])
    roots = [(one[0] + one[-1]) / 2 for one in _groups(lower[:, axis], near)]
    kind = "jump" if function in JUMPS else "kink"
    return [
        FeaturePlace(known.label, axis, float(root), kind, text(known.formula))
        for root in roots
        if root - box.lower[axis] > near and box.upper[axis] - root > near
    ], False


def _cells(known: _Known, domain: Domain) -> _Cells | None:
    """Cells on each of which a formula varies by at most a quarter of its range.

    Small ones that lie outside of the domain are left out: poles in holes are none of a problem's.
    None for the operand of another formula that has no bounds: that one is bounded or has a pole.
    """
    axes, own, box = known.axes, tuple(known.axes.values()), domain.box
    lower, upper = np.array([box.lower]), np.array([box.upper])
    done = [(lower[:0], upper[:0])]
    least, most = np.inf, -np.inf
    for level in range(_DEPTH * len(own)):
        (below, above), slopes, _ = enclosure(known.formula, axes, {}, lower, upper)
        middle = dict(zip(box.coordinates, (lower + (upper - lower) / 2).T, strict=True))
        with np.errstate(all="ignore"):
            seen = np.asarray(evaluate(known.formula, middle, np))
            varied = above - below
            reach = np.stack([np.abs(slopes[axis]).max(axis=0) for axis in own], axis=1)
            reach *= (upper - lower)[:, own]
        if level == 0 and known.inner and not np.isfinite(varied).all():
            return None
        seen = seen[np.isfinite(seen)]
        least, most = min(least, seen.min(initial=np.inf)), max(most, seen.max(initial=-np.inf))
        largest = min(float(varied.max(initial=0.0)), 1e300)
        scale = max(most - least, _UNSEEN * largest)
        wide = ~((varied <= _SHARE * scale) | (below == above)) | (level < _FIRST)
        done.append((lower[~wide], upper[~wide]))
        # Along the axes that count most; along all where no slope is known.
        along = ~(reach < reach.max(axis=1, keepdims=True) / 2)[wide] | (level < _FIRST)
        lower, upper = _halve(lower[wide], upper[wide], own, along)
        meeting = _meets(domain, lower, upper)
        lower, upper = lower[meeting], upper[meeting]
        if not len(lower) or len(lower) > _MOST:
            break
    certain = len(lower) <= _MOST
    poles = lower if certain else lower[:0]
    done.append((lower[len(poles) :], upper[len(poles) :]))
    below, above = (np.concatenate(corners) for corners in zip(*done, strict=True))
    return _Cells(below, above, poles, certain)


def _meets(domain: Domain, lower: Corners, upper: Corners) -> Bool[np.ndarray, " n"]:
    """Which cells hold a point of the domain, of 3^d; larger ones are taken to."""
    found = np.ones(len(lower), dtype=bool)
    if domain.region is None:
        return found
    axes, box = list(domain.region.axes), domain.box
    widths = np.subtract(box.upper, box.lower)[axes]
    small = ((upper - lower)[:, axes] < _SHORT * widths).all(axis=1)
    found[small] = False
    low, size = lower[small], (upper - lower)[small]
    for part in product((0.0, 0.5, 1.0), repeat=len(axes)):
        at = low + size / 2
        at[:, axes] = low[:, axes] + np.array(part) * size[:, axes]
        found[small] |= domain.covers(at)
    return found


def _halve(
    lower: Corners, upper: Corners, axes: Sequence[int], along: Bool[np.ndarray, "n _"]
) -> tuple[Float[np.ndarray, "_ d"], Float[np.ndarray, "_ d"]]:
    """Boxes halved along some of the axes, each along its own."""
    marked = along
    for k, axis in enumerate(axes):
        chosen = marked[:, k]
        middle = (lower + (upper - lower) / 2)[:, axis]
        left, right = upper.copy(), lower[chosen]
        left[chosen, axis] = middle[chosen]
        right[:, axis] = middle[chosen]
        lower, upper = np.concatenate([lower, right]), np.concatenate([left, upper[chosen]])
        marked = np.concatenate([marked, marked[chosen]])
    return lower, upper


def _feature(known: _Known, box: Box, cells: _Cells) -> Feature | None:
    """The narrow cells of a formula; None where there are none."""
    own = tuple(known.axes.values())
    widths = np.array(box.upper) - np.array(box.lower)
    sizes = cells.upper - cells.lower
    volumes = (sizes / widths).prod(axis=1)
    small = (volumes < _NARROW) & ((sizes / widths).min(axis=1) < _SLIM)
    if len(cells.poles):
        # Cells become smaller and smaller toward a pole, whether or not anything varies there.
        from scipy.spatial import KDTree  # slow to import, and few formulas have poles

        nearest, _ = KDTree(cells.poles / widths).query(cells.lower / widths, p=np.inf)
        small &= (sizes / widths)[:, own].max(axis=1) < nearest / _GRADED
    if not small.any():
        return None
    # What varies as fast nearly everywhere is seen by any points, a comb of pulses is not.
    alike = volumes <= _ALIKE * volumes[small].min()
    if volumes[alike].sum() > _EVERYWHERE:
        return None
    smallest = volumes <= 2 * volumes.min()
    place = ", ".join(
        _words(name, cells.lower[smallest, axis], 16 * sizes[smallest, axis].max())
        for name, axis in known.axes.items()
        if sizes[smallest, axis].max() < widths[axis] / 32
    )
    width = float(sizes[small][:, own].min())
    formula = text(known.formula)
    return Feature(known.label, formula, place, width, cells.lower[small], cells.upper[small])


def _words(name: str, values: Array, near: float) -> str:
    """Where values of a coordinate lie, those `near` each other taken as one."""
    groups = _groups(values, near)
    if len(groups) > _NAMED:
        return f"{name} between {groups[0][0]:.4g} and {groups[-1][-1]:.4g}"
    return " and ".join(f"{name} = {(one[0] + one[-1]) / 2:.4g}" for one in groups)


def _groups(values: Array, near: float) -> list[Array]:
    """Values in rising order, cut where they are farther apart than `near`."""
    ordered = np.sort(values)
    return np.split(ordered, np.flatnonzero(np.diff(ordered) > near) + 1) if len(values) else []


def _between(problem: Problem, places: Sequence[FeaturePlace]) -> Iterator[Feature]:
    """Short stretches between two jumps or kinks."""
    box = problem.box
    for axis, name in enumerate(box.coordinates):
        here = sorted((one for one in places if one.axis == axis), key=lambda one: one.value)
        length = box.upper[axis] - box.lower[axis]
        for left, right in pairwise(here):
            width = right.value - left.value
            if width < _SHORT * length:
                lower, upper = np.array([box.lower]), np.array([box.upper])
                lower[:, axis], upper[:, axis] = left.value, right.value
                words = f"{name} = {left.value:.6g} to {right.value:.6g}"
                yield Feature(left.label, left.formula, words, width, lower, upper)
