"""What a run says of itself, in the words of `report.json`."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Literal, NamedTuple, final

from pikan.files.json_text import Real, Words
from pikan.optimize.outcome import Alternative, Kind
from pikan.solvers.facts import FamilyFacts
from pikan.solvers.found import Agreement, DataFit, DiscoveredEquation, FoundConstant, FoundFunction

PAGE, PICTURE, HISTORY = "report.html", "solution.png", "history.png"
"""What a run leaves to look at in its folder."""
FUNCTIONS = "functions.png"
"""The functions that were found from data."""
# Data are seldom exact; but what is off by more than this part is another solution.
DATA = 1e-2


class Record(NamedTuple):
    """One line of a training history.

    `seconds` count from the start of training, over all stages; `blocks` are the mean squares
    of the residuals by label; `error` is the relative L2 error, None where no solution is known.
    `level` is the degree or the slab that the stage works on, empty where there is one only.
    """

    stage: str
    stage_index: int
    step: int
    seconds: float
    loss: float
    blocks: tuple[tuple[str, float], ...]
    error: float | None
    level: str = ""


@final
@dataclass(frozen=True)
class Errors:
    """How far one unknown is from what it should be, over `points` points.

    `against` is "exact", "reference" (a data file) or "estimate".
    """

    relative_l2: Real
    maximum: Real
    rmse: Real
    against: str
    points: int


@final
@dataclass(frozen=True)
class Estimate:
    """An error found without knowing the solution, and how it was found."""

    relative_l2: Real
    how: str


@final
@dataclass(frozen=True)
class FunctionalValue:
    """A number that follows from a solution, with its estimated error and how that was found.

    `kind` is integral, value, maximum or minimum, `over` the places in words, `place` where a value
    is taken, empty for an integral. The value is NaN where the solution ends before.
    """

    value: Real
    estimate: Real
    how: Words
    kind: str
    over: Words
    place: Mapping[str, Real]


@final
@dataclass(frozen=True)
class NetworkFacts:
    """A network in numbers; `outside` is the share of points that lead beyond a basis's grid."""

    kind: str
    parameters: int
    outside: Real = 0.0


@final
@dataclass(frozen=True)
class Seconds:
    """How long a run took [s]: all of it, and its training."""

    total: Real
    training: Real


@final
@dataclass(frozen=True)
class StageFacts:
    """One stage of training in numbers; `seconds` are its own, `loss` is its last."""

    name: str
    steps: int
    seconds: Real
    loss: Real


@final
@dataclass(frozen=True)
class Versions:
    """What ran."""

    pikan: str
    torch: str
    python: str


@final
@dataclass(frozen=True)
class Hashes:
    """SHA-256 of the resolved problem file and of the network's numbers; empty where not known.

    Equal ones say that two runs were asked the same and found the same, to the last bit.
    """

    problem: str = ""
    weights: str = ""


@final
@dataclass(frozen=True, kw_only=True)
class Report:
    """All of `report.json`, which `pikan.files.json_text` writes and reads.

    `errors` are by unknown, and empty where no solution is known; `residuals` are root mean
    squares by block; `estimate` is None where none was made. `date` is when the run ended
    [ISO 8601], `command` that of the command line, empty in Python; `file` is the problem file.
    `alternatives` are other solutions that were found. `found` has the constants that were found
    from data, `correlation` a row for each of them, `functions` the functions, `forecast` the
    unknowns after the data; `data` says how the
    fit stands to the data, and `agreement` how two bases and two tolerances do; `discovered` has
    the equations whose terms were found; all empty where nothing was to be found. `family` is None
    where the problem has no parameters. `reasons` say what was chosen, and why.
    `quantities` are the numbers that were wanted of the solution, by name.
    `units` are those of coordinates and unknowns.
    """

    schema: Literal[1] = 1
    problem: Words
    outcome: Kind
    message: Words
    errors: Mapping[str, Errors]
    estimate: Estimate | None
    residuals: Mapping[str, Real]
    network: NetworkFacts
    seed: int
    dtype: str
    device: str
    threads: int
    seconds: Seconds
    stages: tuple[StageFacts, ...]
    versions: Versions
    hashes: Hashes = Hashes()
    date: Words = ""
    command: Words = ""
    file: Words = ""
    host: Words = ""
    alternatives: tuple[Alternative, ...] = ()
    found: Mapping[str, FoundConstant] = field(default_factory=dict[str, FoundConstant])
    correlation: tuple[tuple[Real, ...], ...] = ()
    functions: Mapping[str, FoundFunction] = field(default_factory=dict[str, FoundFunction])
    forecast: Mapping[str, FoundFunction] = field(default_factory=dict[str, FoundFunction])
    data: DataFit | None = None
    agreement: Agreement | None = None
    family: FamilyFacts | None = None
    discovered: tuple[DiscoveredEquation, ...] = ()
    reasons: tuple[Words, ...] = ()
    quantities: Mapping[str, FunctionalValue] = field(default_factory=dict[str, FunctionalValue])
    units: Mapping[str, Words] = field(default_factory=dict[str, str])


def reaches(errors: Mapping[str, Errors], estimate: Estimate | None, accuracy: float) -> bool:
    """Whether the error is below: the true one where it is known, else the estimated one.

    Data need not be as exact as the solution, but agree with its first digits.
    """
    true = [one.relative_l2 for one in errors.values() if one.against == "exact"]
    if true:
        return all(error <= accuracy for error in true)
    if not all(one.relative_l2 <= max(DATA, accuracy) for one in errors.values()):
        return False
    return estimate is not None and estimate.relative_l2 <= accuracy


def versions() -> Versions:
    """Those of the packages that run now."""
    return Versions(version("pikan"), version("torch"), platform.python_version())


def stages(history: tuple[Record, ...]) -> tuple[StageFacts, ...]:
    """A history by stage: its steps, the seconds since the stage before, its last loss."""
    last = {record.stage_index: record for record in history}
    ends = [last[index] for index in sorted(last)]
    starts = [0.0, *(record.seconds for record in ends)]
    return tuple(
        StageFacts(record.stage, record.step, record.seconds - start, record.loss)
        for record, start in zip(ends, starts, strict=False)
    )
