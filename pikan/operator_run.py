"""An operator from its file: pairs, fit, comparison, and what all of it leaves in a folder."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch

from pikan import results
from pikan.files.json_text import to_json
from pikan.operator import Operator, OperatorReport, RelativeErrors, fit
from pikan.operator_pairs import PairFacts, Pairs, make_pairs
from pikan.plots.operator import worst_pairs
from pikan.report.report import PICTURE
from pikan.solution import Solution
from pikan.spec.operators import OperatorStatement, read_operator
from pikan.storage.file import FILE, ArchiveError, names, put_text, reading, writing
from pikan.storage.folder import REPORT, RESOLVED
from pikan.storage.run_archive import OPERATOR
from pikan.storage.serialize import deserialize, get_serialized, put_serialized, serialize


@final
@dataclass(frozen=True)
class TestedReport:
    """How the pairs were made, what was fitted, and how it does on others."""

    title: str
    pairs: PairFacts | None
    fit: OperatorReport
    test: RelativeErrors

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
        test = self.test
        return (
            f"{made}\n{self.fit}\ntest error of {test.pairs} pairs: mean {test.mean:.1e}, "
            f"median {test.median:.1e}, worst {test.worst:.1e} (pair {test.worst_pair})"
        )


@final
@dataclass(frozen=True)
class OperatorRun:
    """An operator that has been fitted to the pairs of its file."""

    operator: Operator
    report: TestedReport
    pairs: Pairs
    text: str

    def save(self, folder: Path) -> None:
        """Leave archive, report, figure and file in a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        pairs, train = self.pairs, self.pairs.train
        figure = worst_pairs(
            self.report.title, pairs.a[train:], pairs.u[train:], self.operator(pairs.a[train:])
        )
        texts = {
            folder / REPORT: to_json(self.report, indent=2).encode(),
            folder / RESOLVED: self.text.encode(),
            folder / PICTURE: figure.png,
        }
        with writing(folder / FILE, None, texts) as file:
            put_text(file, "spec", self.text)
            put_serialized(file, OPERATOR, serialize(self.operator))


def learn(stated: OperatorStatement) -> Generator[tuple[int, int], None, OperatorRun]:
    """The operator of a file; what is yielded is how many problems are solved, of how many."""
    pairs = yield from make_pairs(stated)
    settings, train = stated.settings, pairs.train
    problem = stated.problem
    axes = None if problem is None else [problem.coordinates.index(stated.over)]
    found = fit(
        pairs.a[:train],
        pairs.u[:train],
        method=settings.method,
        seed=settings.seed,
        steps=settings.steps,
        axes=axes,
    )
    test = found.test(pairs.a[train:], pairs.u[train:])
    title = settings.title or settings.name
    report = TestedReport(title, pairs.facts, found.report, test)
    return OperatorRun(found, report, pairs, stated.text)


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
            found = None
        else:
            found = deserialize(get_serialized(file, OPERATOR), Operator, torch.device("cpu"))
    if found is None:
        return results.load(folder)
    if not isinstance(found, Operator):
        raise ArchiveError(f"{place}: its operator is none")
    return found
