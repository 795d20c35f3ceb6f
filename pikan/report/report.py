"""What a run says of itself, in the words of `report.json`."""

import json
import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from importlib.metadata import version
from typing import NamedTuple, final, get_args

from pikan.optimize.outcome import Alternative, Kind
from pikan.solvers.found import Agreement, DataFit, FoundConstant

SCHEMA = 1
# Data are seldom exact; but what is off by more than this part is another solution.
DATA = 1e-2


@final
class ReportError(ValueError):
    """A text is not a report of this schema."""


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

    relative_l2: float
    maximum: float
    rmse: float
    against: str
    points: int


@final
@dataclass(frozen=True)
class Estimate:
    """An error found without knowing the solution, and how it was found."""

    relative_l2: float
    how: str


@final
@dataclass(frozen=True)
class NetworkFacts:
    """A network in numbers; `outside` is the share of points that lead beyond a basis's grid."""

    kind: str
    parameters: int
    outside: float = 0.0


@final
@dataclass(frozen=True)
class Seconds:
    """How long a run took [s]: all of it, and its training."""

    total: float
    training: float


@final
@dataclass(frozen=True)
class StageFacts:
    """One stage of training in numbers; `seconds` are its own, `loss` is its last."""

    name: str
    steps: int
    seconds: float
    loss: float


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
@dataclass(frozen=True)
class Report:
    """All of `report.json`.

    `errors` are by unknown, and empty where no solution is known; `residuals` are root mean
    squares by block; `estimate` is None where none was made. `date` is when the run ended
    [ISO 8601], `command` that of the command line, empty in Python; `file` is the problem file.
    `alternatives` are other solutions that were found. `found` has the constants that were found
    from data, `correlation` a row for each of them; `data` says how the fit stands to the data, and
    `agreement` how two bases and two tolerances do; all empty where nothing was to be found.
    `reasons` say what was chosen, and why.
    """

    problem: str
    outcome: Kind
    message: str
    errors: Mapping[str, Errors]
    estimate: Estimate | None
    residuals: Mapping[str, float]
    network: NetworkFacts
    seed: int
    dtype: str
    device: str
    threads: int
    seconds: Seconds
    stages: tuple[StageFacts, ...]
    versions: Versions
    hashes: Hashes = Hashes()
    date: str = ""
    command: str = ""
    file: str = ""
    host: str = ""
    alternatives: tuple[Alternative, ...] = ()
    found: Mapping[str, FoundConstant] = field(default_factory=dict[str, FoundConstant])
    correlation: tuple[tuple[float, ...], ...] = ()
    data: DataFit | None = None
    agreement: Agreement | None = None
    reasons: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The text of `report.json`; numbers that are not finite become null, which JSON has."""
        content = {
            "schema": SCHEMA,
            **{part.name: _plain(getattr(self, part.name)) for part in fields(self)},
        }
        return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str) -> Report:
    """The report that `to_json` wrote; null numbers become NaN.

    Raises `ReportError` where a part is missing or is not of its kind.
    """
    try:
        content = _table(json.loads(text))
        if content["schema"] != SCHEMA:
            raise ReportError(f"the report has schema {content['schema']}, pikan reads {SCHEMA}")
        return _report(content)
    except KeyError as missing:
        raise ReportError(f"the report has no {missing}") from None
    except json.JSONDecodeError as fault:
        raise ReportError(f"the report is not JSON: {fault}") from None


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


def _plain(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        # The name of a file need not be text.
        return value.encode(errors="replace").decode()
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    return value


def _report(content: Mapping[str, object]) -> Report:
    estimate = content["estimate"]
    network, seconds = _table(content["network"]), _table(content["seconds"])
    ran = _table(content["versions"])
    # Reports of version 0.1 have none.
    hashes = _table(content.get("hashes", {"problem": "", "weights": ""}))
    date, command, file, host = (
        _word(content.get(name, "")) for name in ("date", "command", "file", "host")
    )
    return Report(
        problem=_word(content["problem"]),
        outcome=_ending(content["outcome"]),
        message=_word(content["message"]),
        errors={name: _errors(_table(entry)) for name, entry in _table(content["errors"]).items()},
        estimate=None if estimate is None else _estimate(_table(estimate)),
        residuals={name: _number(entry) for name, entry in _table(content["residuals"]).items()},
        network=NetworkFacts(
            _word(network["kind"]), _count(network["parameters"]), _number(network["outside"])
        ),
        seed=_count(content["seed"]),
        dtype=_word(content["dtype"]),
        device=_word(content["device"]),
        threads=_count(content["threads"]),
        seconds=Seconds(_number(seconds["total"]), _number(seconds["training"])),
        stages=tuple(_stage(_table(entry)) for entry in _row(content["stages"])),
        versions=Versions(_word(ran["pikan"]), _word(ran["torch"]), _word(ran["python"])),
        hashes=Hashes(_word(hashes["problem"]), _word(hashes["weights"])),
        date=date,
        command=command,
        file=file,
        host=host,
        alternatives=tuple(_alternative(_table(e)) for e in _row(content.get("alternatives", []))),
        found={k: _constant(_table(v)) for k, v in _table(content.get("found", {})).items()},
        correlation=tuple(
            tuple(map(_number, _row(r))) for r in _row(content.get("correlation", []))
        ),
        data=None if (data := content.get("data")) is None else _data(_table(data)),
        agreement=None if (near := content.get("agreement")) is None else _agreement(_table(near)),
        reasons=tuple(_word(entry) for entry in _row(content.get("reasons", []))),
    )


def _errors(content: Mapping[str, object]) -> Errors:
    return Errors(
        relative_l2=_number(content["relative_l2"]),
        maximum=_number(content["maximum"]),
        rmse=_number(content["rmse"]),
        against=_word(content["against"]),
        points=_count(content["points"]),
    )


def _alternative(content: Mapping[str, object]) -> Alternative:
    size, middle = _table(content["size"]), _table(content["middle"])
    return Alternative(
        size={name: _number(value) for name, value in size.items()},
        middle={name: _number(value) for name, value in middle.items()},
        distance=_number(content["distance"]),
    )


def _constant(content: Mapping[str, object]) -> FoundConstant:
    lower, upper = map(_number, _row(content["interval"]))
    return FoundConstant(
        value=_number(content["value"]),
        standard_error=_number(content["standard_error"]),
        interval=(lower, upper),
        level=_number(content["level"]),
        identified=content["identified"] is True,
        prior_ratio=_number(content["prior_ratio"]),
    )


def _data(content: Mapping[str, object]) -> DataFit:
    return DataFit(
        noise={name: _number(value) for name, value in _table(content["noise"]).items()},
        estimated=content["estimated"] is True,
        chi2=_number(content["chi2"]),
        freedom=_number(content["freedom"]),
        autocorrelation=_number(content["autocorrelation"]),
        worst=_number(content["worst"]),
        used=_count(content["used"]),
        outside=_count(content["outside"]),
        missing=_count(content["missing"]),
    )


def _agreement(content: Mapping[str, object]) -> Agreement:
    return Agreement(_number(content["basis"]), _number(content["tolerance"]))


def _estimate(content: Mapping[str, object]) -> Estimate:
    return Estimate(_number(content["relative_l2"]), _word(content["how"]))


def _stage(content: Mapping[str, object]) -> StageFacts:
    return StageFacts(
        name=_word(content["name"]),
        steps=_count(content["steps"]),
        seconds=_number(content["seconds"]),
        loss=_number(content["loss"]),
    )


def _table(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ReportError(f"the report has {value!r} where a table belongs")
    return {str(key): entry for key, entry in value.items()}


def _row(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ReportError(f"the report has {value!r} where a list belongs")
    return list(value)


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise ReportError(f"the report has {value!r} where a text belongs")
    return value


def _ending(value: object) -> Kind:
    for kind in get_args(Kind):
        if value == kind:
            return kind
    raise ReportError(f"the report has {value!r} where one of {', '.join(get_args(Kind))} belongs")


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ReportError(f"the report has {value!r} where a whole number belongs")
    return value


def _number(value: object) -> float:
    if value is None:
        return math.nan
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ReportError(f"the report has {value!r} where a number belongs")
    return float(value)
