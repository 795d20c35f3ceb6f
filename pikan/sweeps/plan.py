"""A sweep file to the runs that it asks for, all of them checked before the first one starts."""

import math
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from pikan.expression.check import collect_faults
from pikan.expression.wording import did_you_mean, word_list
from pikan.spec.data_files import inside
from pikan.spec.faults import Check, Fault, Keys, Origin, Place, SpecError
from pikan.spec.names import name_of
from pikan.spec.overrides import put
from pikan.spec.reader import spec_of_tree, text_of, with_name
from pikan.spec.sweep import Budget, FitRequest, Sweep
from pikan.spec.sweep_reader import BASES, CHANGES, read_statement
from pikan.spec.tree import Node, compose, places
from pikan.spec.writer import dump
from pikan.sweeps.grid import changes, check_different, entries, values
from pikan.sweeps.record import MEASURES, number


@final
@dataclass(frozen=True)
class Variant:
    """One planned run: its values of the changed keys, as text, and its whole problem file."""

    values: tuple[str, ...]
    spec: str


@final
@dataclass(frozen=True)
class SweepPlan:
    """A sweep that can start: every run of it is a sound problem.

    `keys` are the changed keys in the order of the file, the columns of `values`. `source` and
    `beside` are the file of the base problem and the folder of its data files.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    variants: tuple[Variant, ...]
    fits: tuple[FitRequest, ...]
    budget: Budget
    source: str
    beside: Path


def read_plan(path: Path | str) -> SweepPlan:
    """The plan of a sweep file; SpecError with every fault of the file and of all its runs."""
    file = Path(path)
    faults, plan = collect_faults(
        _make_plan(text_of(file), Origin(str(path), file.parent), name_of(file))
    )
    if faults or plan is None:
        raise SpecError(faults)
    return plan


def _make_plan(text: str, origin: Origin, name: str) -> Check[SweepPlan | None]:
    written = yield from compose(text, Place(origin.file, 1, ""))
    if written is None:
        return None
    if not isinstance(written.value, Mapping):
        yield Fault(written.place, "holds no keys; a sweep file starts with 'problem: file.yaml'")
        return None
    root = with_name(written, name)
    located = replace(origin, places=dict(places(root)))
    sweep, sound, doubtful = yield from read_statement(root, located)
    certain = not doubtful & CHANGES
    runs = yield from changes(sound, located)
    keys = tuple(dict.fromkeys(key for run in runs for key, _ in run))
    table = [values(run, keys) for run in runs]
    if certain:
        yield from check_different(table, located)
    yield from _check_fits(sweep, keys, table, located, certain)
    base = yield from _base(sweep, sound, located, doubtful)
    if base is None:
        return None
    tree, source = base
    common = list(entries(sound, "settings").items())
    # With a setting in doubt nobody knows what a change is made to.
    wanted = [[]] if "settings" in doubtful else [[*common, *run] for run in runs]
    specs: list[str] = []
    for change in wanted:
        changed = tree
        for dotted, value in change:
            changed = yield from put(changed, dotted, value)
        spec = yield from spec_of_tree(changed, source)
        specs.append("" if spec is None else dump(spec))
    if doubtful:
        return None
    variants = tuple(Variant(*pair) for pair in zip(table, specs, strict=True))
    return SweepPlan(
        sweep.name, sweep.title or sweep.name, keys, variants, sweep.fits, sweep.budget,
        source.file, source.folder,
    )  # fmt: skip


def _base(
    sweep: Sweep, root: Node, origin: Origin, doubtful: AbstractSet[str]
) -> Check[tuple[Node, Origin] | None]:
    """The tree that all runs start from, and where it was written."""
    if (sweep.problem is None) == (sweep.function is None):
        if not doubtful & BASES:
            message = "needs either 'problem: file.yaml' or 'function: {inputs: ..., formula: ...}'"
            yield Fault(Place(origin.file, 0, ""), message)
        return None
    if sweep.problem is None:
        written = entries(root, "function")
        formula = str(written["formula"].value)
        # A wrong formula has its fault once, not wherever the problem holds it.
        alone = _approximation(written, sweep.name, "0", formula)
        faults, _ = collect_faults(spec_of_tree(alone, origin))
        yield from faults
        if faults:
            formula = "0"
        return _approximation(written, sweep.name, formula, formula), origin
    file = origin.folder / sweep.problem
    # A sweep may be a stranger's; ours lie in a folder below that of their problems.
    if inside(sweep.problem, origin.folder, origin.folder.resolve().parent) is None:
        message = f"got '{sweep.problem}', needs a file in the folder of the sweep file, below it"
        yield origin.fault(("problem",), f"{message} or in the folder above it")
        return None
    try:
        text = text_of(file)
    except SpecError as error:
        for fault in error.faults:
            yield origin.fault(("problem",), f"{fault.place.source}: {fault.message}")
        return None
    tree = yield from compose(text, Place(str(file), 1, ""))
    if tree is None or not isinstance(tree.value, Mapping):
        if tree is not None:
            yield Fault(tree.place, "holds no keys; a problem file starts with 'name: heat'")
        return None
    return with_name(tree, name_of(file)), Origin(str(file), file.parent)


def _approximation(written: Mapping[str, Node], name: str, formula: str, exact: str) -> Node:
    """The problem `u = formula`, which is asked for values alone."""
    place = written["formula"].place
    problem: Mapping[str, Node] = {
        "name": Node(name, place),
        "domain": written["inputs"],
        "unknowns": Node((Node("u", place),), place),
        "equations": Node((Node(f"u = {formula}", place),), place),
        "conditions": Node((), place),
        "exact": Node({"u": Node(exact, place)}, place),
    }
    return Node(problem, place)


def _check_fits(
    sweep: Sweep,
    keys: Sequence[str],
    table: Sequence[tuple[str, ...]],
    origin: Origin,
    certain: bool,
) -> Iterator[Fault]:
    """Laws are about columns of the table that hold numbers, their groups about changed keys.

    Unless the keys are `certain`, a column may be one of those that a fault has taken away.
    """
    columns = dict(zip(keys, zip(*table, strict=True), strict=True)) if table else {}
    for index, fit in enumerate(sweep.fits):
        way: Keys = ("fit", index) if isinstance(sweep.fit, tuple) else ("fit",)
        low = 0.0 if fit.law == "power" else -math.inf
        if any(not low < number(text) < math.inf for text in columns.get(fit.x, ())):
            needs = "positive numbers" if fit.law == "power" else "numbers"
            message = f"a value of '{fit.x}' is none; a law against it needs {needs}"
            yield origin.fault((*way, "x"), message)
        yield from _check_name(fit.y, MEASURES, origin, (*way, "y"))
        if certain:
            yield from _check_name(fit.x, [*keys, *MEASURES], origin, (*way, "x"))
            for place, group in enumerate(fit.groups):
                yield from _check_name(group, keys, origin, (*way, "groups", place))


def _check_name(name: str, known: Sequence[str], origin: Origin, way: Keys) -> Iterator[Fault]:
    if name not in known:
        message = f"there is no column '{name}'; choose from {word_list(known)}"
        yield origin.fault(way, message + did_you_mean(name, known))
