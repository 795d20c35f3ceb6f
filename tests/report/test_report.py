"""`report.json` says what the design promises and can be read again."""

import json
import math
import re
from dataclasses import replace

import pytest

from pikan.files.json_text import JSONError, from_json, to_json
from pikan.optimize.outcome import Alternative
from pikan.report.report import (
    Errors,
    Estimate,
    Hashes,
    NetworkFacts,
    Record,
    Report,
    Seconds,
    StageFacts,
    Versions,
    stages,
)

REPORT = Report(
    problem="burgers",
    outcome="converged",
    message="The loss is at rounding.",
    errors={"u": Errors(1.2e-9, 3e-9, 7e-10, "exact", 26896)},
    estimate=Estimate(2e-9, "a finer network"),
    residuals={"equation": 1e-8, "x = -1": 0.0},
    network=NetworkFacts("kan", 744),
    seed=0,
    dtype="float64",
    device="cpu",
    threads=2,
    seconds=Seconds(9.1, 7.0),
    stages=(StageFacts("gauss_newton", 12, 5.0, 1e-20),),
    versions=Versions("0.1.0", "2.13.0", "3.11.9"),
    hashes=Hashes("0a1b", "2c3d"),
    date="2026-11-30T12:00:00+01:00",
    command="pikan solve burgers.yaml",
    file="burgers.yaml",
    host="desk",
    alternatives=(Alternative({"u": 2.7}, {"u": 4.1}, 25.9),),
)


def test_a_report_reads_back_as_it_was():
    assert from_json(to_json(REPORT), Report) == REPORT


def test_the_text_has_the_keys_of_the_contract():
    content = json.loads(to_json(REPORT, indent=2))
    assert list(content) == [
        "schema", "problem", "outcome", "message", "errors", "estimate", "residuals", "network",
        "seed", "dtype", "device", "threads", "seconds", "stages", "versions", "hashes",
        "date", "command", "file", "host", "alternatives",
        "found", "correlation", "functions", "forecast", "data", "agreement", "family",
        "discovered", "reasons", "quantities", "units",
    ]  # fmt: skip
    assert content["errors"]["u"] == {
        "relative_l2": 1.2e-9, "maximum": 3e-9, "rmse": 7e-10, "against": "exact", "points": 26896,
    }  # fmt: skip
    assert content["stages"] == [
        {"name": "gauss_newton", "steps": 12, "seconds": 5.0, "loss": 1e-20}
    ]


def test_a_report_of_an_earlier_version_is_read():
    content = json.loads(to_json(REPORT, indent=2))
    later = {"date": "", "command": "", "file": "", "host": "", "alternatives": ()}
    for name in ("hashes", *later):
        del content[name]
    assert from_json(json.dumps(content), Report) == replace(REPORT, hashes=Hashes(), **later)


def test_the_name_of_a_file_that_is_no_text_is_written_all_the_same():
    text = to_json(replace(REPORT, file="\udcff.yaml"))
    assert from_json(text.encode().decode(), Report).file == "?.yaml"


def test_what_is_not_finite_is_null():
    text = to_json(replace(REPORT, residuals={"equation": math.inf}, estimate=None))
    assert json.loads(text)["residuals"] == {"equation": None}
    assert math.isnan(from_json(text, Report).residuals["equation"])


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-20],
        lambda text: text.replace('"seed": 0', '"seed": "0"'),
        lambda text: text.replace('"schema": 1', '"schema": 2'),
        lambda text: text.replace('"threads"', '"thread"'),
        lambda text: text.replace('"problem": "burgers"', '"problem": 3'),
        lambda text: text.replace('"outcome": "converged"', '"outcome": "perfect"'),
        lambda text: text.replace('"total": 9.1', '"total": "long"'),
        lambda text: text.replace('"threads": 2', '"threads": true'),
        lambda text: re.sub(r'"stages": \[.*?\]', '"stages": 3', text, flags=re.DOTALL),
        lambda _: "[]",
        lambda _: '{"schema": 1, "estimate": [], "network": 3}',
    ],
)
def test_a_damaged_text_is_refused_in_one_sentence(damage):
    with pytest.raises(JSONError, match=r"^at [^\n]*$"):
        from_json(damage(to_json(REPORT, indent=2)), Report)


def test_stages_add_up_to_the_history():
    history = (
        Record("adam", 0, 1, 1.0, 4.0, (), None),
        Record("adam", 0, 10, 3.0, 2.0, (), None),
        Record("lbfgs", 1, 5, 7.0, 1.0, (), None),
    )
    assert stages(history) == (StageFacts("adam", 10, 3.0, 2.0), StageFacts("lbfgs", 5, 4.0, 1.0))
