"""The laws that a sweep file asks for, from its table to `law.json` and its figures."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, final

import numpy as np

from pikan.files.atomic import write_together
from pikan.plots.picture import Picture
from pikan.plots.scaling import Chart, ScalingCurve, picture
from pikan.spec.sweep import FitRequest
from pikan.sweeps.power_law import FEWEST, PowerLaw, law
from pikan.sweeps.record import number
from pikan.sweeps.table import Table

SCHEMA = 1
# The redraws of the bootstrap: the same table has the same law.
_SEED = 20_261_122
# Measures that a law is to make small; of others a law may well say how they grow.
_ERRORS = frozenset({"relative_l2", "maximum", "rmse", "estimate", "residual", "loss"})


@final
@dataclass(frozen=True)
class Group:
    """The runs of one group, and their law, None where there is none and `lacking` says why.

    `failed` are the x of runs without a usable y, NaN where the x is unknown too.
    """

    values: Mapping[str, str]
    x: tuple[float, ...]
    y: tuple[float, ...]
    failed: tuple[float, ...]
    law: PowerLaw | None
    lacking: str

    @property
    def name(self) -> str:
        """The group in words."""
        words = [_key_text(key, value) for key, value in self.values.items() if value]
        return ", ".join(words) or "all runs"


def _key_text(key: str, value: str) -> str:
    """A value of a key in words; only a number needs to be told of what.

    >>> _key_text("network.degree", "8"), _key_text("network.basis", "chebyshev")
    ('degree 8', 'chebyshev')
    """
    return value if math.isnan(number(value)) else f"{key.rpartition('.')[2]} {value}"


@final
@dataclass(frozen=True)
class FittedLaw:
    """A law that was asked for, and what came of it in every group."""

    fit: FitRequest
    groups: tuple[Group, ...]


def fit_law(fit: FitRequest, table: Table) -> FittedLaw:
    """The runs of a table by group, in the table's order, each group with its law."""
    groups = [table.keys.index(key) for key in fit.groups]
    x, y = table.column(fit.x).tolist(), table.column(fit.y).tolist()
    runs: dict[tuple[str, ...], list[_Run]] = {}
    for row, place, height in zip(table.rows, x, y, strict=True):
        # Whether it is a point in log space.
        positive = 0 < height < math.inf and (place > 0 or fit.law != "power")
        usable = positive and math.isfinite(place) and not row.result.is_failure
        run = _Run(place, height, usable)
        runs.setdefault(tuple(row.values[index] for index in groups), []).append(run)
    return FittedLaw(
        fit,
        tuple(
            _group(fit, dict(zip(fit.groups, values, strict=True)), some)
            for values, some in runs.items()
        ),
    )


class _Run(NamedTuple):
    x: float
    y: float
    usable: bool


def _group(fit: FitRequest, values: Mapping[str, str], runs: Sequence[_Run]) -> Group:
    x = tuple(run.x for run in runs if run.usable)
    y = tuple(run.y for run in runs if run.usable)
    failed = tuple(run.x for run in runs if not run.usable)
    line = law(x, y, fit.law == "power", np.random.default_rng(_SEED))
    lacking = _lacking(fit, line)
    return Group(values, x, y, failed, None if lacking else line, lacking)


def _lacking(fit: FitRequest, line: PowerLaw | None) -> str:
    """What runs lack for a law; empty where they have one."""
    if line is None:
        return f"needs {FEWEST} runs at two places or more with a positive {fit.y}"
    low, high = line.interval
    if low <= 0.0 <= high:
        return f"the runs scatter too much, p may be anything from {low:.2g} to {high:.2g}"
    if high < 0.0 and fit.y in _ERRORS:
        return f"{fit.y} does not fall, so that something else than {fit.x} sets it"
    return ""


def write(laws: Sequence[FittedLaw], title: str, folder: Path) -> tuple[Path, ...]:
    """Leave `law.json`, and a figure for each law, in a folder; nothing where none is asked for."""
    if not laws:
        return ()
    content = {"schema": SCHEMA, "laws": [_content(one) for one in laws]}
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    # A figure has a name such as relative_l2_over_network_degree.
    names = [f"{one.fit.y}_over_{one.fit.x}".replace(".", "_") for one in laws]
    figures = {
        folder / f"{name}.png": law_figure(one, title).png
        for name, one in zip(names, laws, strict=True)
    }
    files = {folder / "law.json": f"{text}\n".encode(), **figures}
    write_together(files)
    return tuple(files)


def _content(one: FittedLaw) -> Mapping[str, object]:
    fit = one.fit
    formula = "y = factor*x^-exponent" if fit.law == "power" else "y = factor*exp(-exponent*x)"
    return {
        "x": fit.x,
        "y": fit.y,
        "law": fit.law,
        "formula": formula,
        "confidence": 0.95,
        "groups": [_entry(fit, part) for part in one.groups],
    }


def _entry(fit: FitRequest, part: Group) -> Mapping[str, object]:
    counts = {"group": part.values, "runs": len(part.x), "failed": len(part.failed)}
    if part.law is None:
        return {**counts, "exponent": None, "message": f"no law: {part.lacking}"}
    low, high = part.law.interval
    return {
        **counts,
        "exponent": part.law.exponent,
        "interval": [low, high],
        "factor": part.law.factor,
        "plateau": part.law.plateau,
        "left_out": part.law.kept.count(False),
        "theory": {
            name: {"exponent": exponent, "in_interval": low <= exponent <= high}
            for name, exponent in fit.theory.items()
        },
    }


def sentence(fit: FitRequest, part: Group) -> str:
    """A law in one line for people."""
    if part.law is None:
        return f"{part.name}: no law: {part.lacking}"
    low, high = part.law.interval
    form = f"{fit.x}^-p" if fit.law == "power" else f"exp(-p*{fit.x})"
    left = part.law.kept.count(False)
    floor = f"; {left} near the plateau left out" if left else ""
    failed = f"; {len(part.failed)} failed" if part.failed else ""
    return (
        f"{part.name}: {fit.y} ~ {form} with p = {part.law.exponent:.3g} "
        f"[{low:.3g}, {high:.3g}]{floor}{failed}"
    )


def law_figure(one: FittedLaw, title: str) -> Picture:
    """A law with the runs that it was fitted to."""
    fit, parts = one.fit, one.groups
    power = fit.law == "power"
    curves = tuple(_curve(fit, part) for part in parts)
    first = next((part for part in parts if part.law is not None), None)
    theory: list[tuple[str, tuple[tuple[float, float], ...]]] = []
    if first is not None and first.law is not None:
        begin = min(first.x)
        ends = (begin, max(x for x, kept in zip(first.x, first.law.kept, strict=True) if kept))
        start = first.law.predict(begin, power)
        for name, exponent in fit.theory.items():
            slope = PowerLaw(exponent, (exponent, exponent), 1.0, None, ())
            scale = start / slope.predict(begin, power)
            points = tuple((x, scale * slope.predict(x, power)) for x in ends)
            theory.append((f"{name}: {exponent:g}", points))
    return picture(Chart(title, fit.x, fit.y, power, curves, tuple(theory)))


def _curve(fit: FitRequest, part: Group) -> ScalingCurve:
    kept = part.law.kept if part.law is not None else (True,) * len(part.x)
    both = list(zip(part.x, part.y, kept, strict=True))
    on = tuple((x, y) for x, y, good in both if good)
    off = tuple((x, y) for x, y, good in both if not good)
    failed = tuple(x for x in part.failed if math.isfinite(x))
    name = part.name
    line: tuple[tuple[float, float], ...] = ()
    if part.law is not None:
        ends = min(x for x, _ in on), max(x for x, _ in on)
        line = tuple((x, part.law.predict(x, fit.law == "power")) for x in ends)
        low, high = part.law.interval
        name = f"{name}\n{part.law.exponent:.3g} [{low:.3g}, {high:.3g}]"
    else:
        name = f"{name}\nno law"
    if part.failed:
        name = f"{name}\n{len(part.failed)} failed"
    return ScalingCurve(name, on, off, failed, line)
