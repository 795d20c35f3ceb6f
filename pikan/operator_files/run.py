"""An operator from its file: pairs, fit, comparison, and what all of it leaves in a folder."""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import torch

from pikan import results
from pikan.checkpointer import EVERY
from pikan.files.json_text import to_json
from pikan.operator_files.kept import CHANGES, resumable_pairs
from pikan.operator_files.newton import StatedEquations
from pikan.operator_files.pairs import PairFacts, Pairs
from pikan.operator_files.physics import stated_physics
from pikan.operators.operator import (
    Array,
    Evolution,
    Operator,
    OperatorReport,
    RelativeErrors,
    fit,
    relative_errors,
)
from pikan.plots.operator import worst_pairs
from pikan.report.report import PICTURE
from pikan.solution import Solution
from pikan.spec.faults import Origin
from pikan.spec.operators import OperatorStatement, read_operator, read_operator_text
from pikan.storage.file import FILE, ArchiveError, get_text, names, put_text, reading, writing
from pikan.storage.folder import REPORT, RESOLVED
from pikan.storage.run_archive import OPERATOR
from pikan.storage.serialize import deserialize, get_serialized, put_serialized, serialize

# The test pairs that are corrected.
_CORRECTED = 10


@final
@dataclass(frozen=True)
class TestedReport:
    """How the pairs were made, what was fitted, and how it does on others.

    `corrected` are the errors of the first of these after one step of Newton's method on the
    equations, None where these are not known.
    """

    title: str
    pairs: PairFacts | None
    fit: OperatorReport
    test: RelativeErrors
    corrected: RelativeErrors | None

    def __str__(self) -> str:
        made = "pairs from a file"
        if self.pairs is not None:
            facts = self.pairs
            how = ", the others by superposition" if facts.affine else ""
            error = "" if facts.estimate is None else f", estimated error {facts.estimate:.1e}"
            made = (
                f"{facts.solved} problems solved{how}; {facts.modes} modes of the input; "
                f"{facts.milliseconds:.2g} ms a direct solve{error}"
            )
        lines = [made, str(self.fit), f"test error of {_words(self.test)}"]
        if self.corrected is not None:
            lines.append(f"after one step of Newton's method, {_words(self.corrected)}")
        return "\n".join(lines)


def _words(errors: RelativeErrors) -> str:
    return (
        f"{errors.pairs} pairs: mean {errors.mean:.1e}, median {errors.median:.1e}, "
        f"worst {errors.worst:.1e} (pair {errors.worst_pair})"
    )


@final
@dataclass(frozen=True)
class OperatorRun:
    """An operator that has been fitted to the pairs of its file."""

    operator: Operator
    report: TestedReport
    pairs: Pairs
    stated: OperatorStatement

    def save(self, folder: Path) -> None:
        """Leave archive, report, figure and file in a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        pairs, train, text = self.pairs, self.pairs.train, self.stated.text
        figure = worst_pairs(
            self.report.title, pairs.a[train:], pairs.u[train:], self.operator(pairs.a[train:])
        )
        texts = {
            folder / REPORT: to_json(self.report, indent=2).encode(),
            folder / RESOLVED: text.encode(),
            folder / PICTURE: figure.png,
        }
        with writing(folder / FILE, None, texts) as file:
            put_text(file, "spec", text)
            put_text(file, CHANGES, json.dumps(dict(self.stated.changes)))
            # The equations follow from the text.
            put_serialized(file, OPERATOR, serialize(replace(self.operator, equations=None)))


def learn(
    stated: OperatorStatement, folder: Path | None = None, every: float = EVERY
) -> Generator[tuple[int, int], None, OperatorRun]:
    """The operator of a file; what is yielded is how many problems are solved, of how many.

    In a folder what is solved is kept every so many seconds, and where the run is ended, and is
    gone on with.
    """
    pairs = yield from resumable_pairs(stated, folder, every)
    settings, train = stated.settings, pairs.train
    problem = stated.problem
    asked = settings.evolution
    evolution = None if asked is None else Evolution(asked.equation, asked.period, asked.time)
    axes = None if problem is None else [problem.coordinates.index(stated.over)]
    found = fit(
        pairs.a[:train],
        pairs.u[:train],
        method=settings.method,
        seed=settings.seed,
        steps=settings.steps,
        axes=axes,
        evolution=evolution,
        physics=stated_physics(stated),
    )
    found = replace(found, equations=_equations(stated))
    test = found.test(pairs.a[train:], pairs.u[train:])
    title = settings.title or settings.name
    corrected = _errors_after_a_step(found, pairs.a[train:], pairs.u[train:])
    report = TestedReport(title, pairs.facts, found.report, test, corrected)
    return OperatorRun(found, report, pairs, stated)


def _equations(stated: OperatorStatement) -> StatedEquations | None:
    """The equations of a file, where the operator gives all of their unknowns."""
    problem = stated.problem
    one = problem is not None and len(problem.unknowns) == 1
    return StatedEquations(stated) if one else None


def _errors_after_a_step(found: Operator, a: Array, u: Array) -> RelativeErrors | None:
    """The errors of some pairs after one of Newton's steps; None without equations."""
    if found.equations is None:
        return None
    outputs = found.correct(a[:_CORRECTED]).outputs
    return relative_errors(outputs, u[:_CORRECTED])


def learn_to_end(file: str | Path, changes: Mapping[str, str] | None = None) -> OperatorRun:
    """The operator of a file with its report: `pikan.learn("antiderivative.yaml")`.

    SpecError with every fault of the file; SampleError where a problem has no solution.
    """
    steps = learn(read_operator(Path(file), changes))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def load(folder: str | Path) -> Solution | Operator:
    """The solution, or the operator, that is in a folder; ArchiveError where there is none."""
    place = Path(folder, FILE)
    with reading(place) as file:
        if OPERATOR not in names(file):
            found, text, changes = None, "", "{}"
        else:
            found = deserialize(get_serialized(file, OPERATOR), Operator, torch.device("cpu"))
            text, changes = get_text(file, "spec"), get_text(file, CHANGES)
    if found is None:
        return results.load(folder)
    if not isinstance(found, Operator):
        raise ArchiveError(f"{place}: its operator is none")
    origin = Origin(str(place), Path(folder))
    stated = read_operator_text(text, origin, json.loads(changes), Path(folder).name)
    return replace(found, equations=_equations(stated))
