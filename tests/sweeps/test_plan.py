"""A sweep file is the runs that its author means, or a list of all its faults."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from pikan.spec.faults import SpecError
from pikan.spec.reader import parse_spec
from pikan.sweeps.plan import read_plan
from tests.bounded import Calls

SHIPPED = sorted((Path(__file__).parents[2] / "problems" / "sweeps").glob("*.yaml"))


def values(path):
    return [variant.values for variant in read_plan(path).variants]


def faults(path):
    with pytest.raises(SpecError) as caught:
        read_plan(path)
    return [str(fault).removeprefix(f"{path.parent}/") for fault in caught.value.faults]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_sweeps_are_sound(path):
    plan = read_plan(path)
    assert plan.name == path.stem
    assert plan.title
    assert plan.title != plan.name


def test_crossed_keys_give_every_combination_and_the_last_key_varies_fastest(written):
    assert values(
        written("problem: rod.yaml\ncrossed: {network.degree: [4, 6], seed: [0, 1]}")
    ) == [
        ("4", "0"),
        ("4", "1"),
        ("6", "0"),
        ("6", "1"),
    ]


def test_zipped_keys_go_side_by_side_and_are_crossed_with_the_rest(written):
    text = "zipped: {network.degree: [4, 6], accuracy: [1e-2, 1e-3]}\ncrossed: {seed: [0, 1]}"
    assert values(written(f"problem: rod.yaml\n{text}")) == [
        ("4", "0.01", "0"),
        ("4", "0.01", "1"),
        ("6", "0.001", "0"),
        ("6", "0.001", "1"),
    ]


def test_listed_changes_stay_together_and_may_be_about_different_keys(written):
    text = """
listed:
  - {network: {kind: mlp, width: [1, 4, 1]}, training: [lbfgs]}
  - {network.degree: 12}
"""
    path = written(f"problem: rod.yaml\n{text}")
    assert read_plan(path).keys == ("network", "training", "network.degree")
    assert values(path) == [
        ("{kind: mlp, width: [1, 4, 1]}", "[lbfgs]", ""),
        ("", "", "12"),
    ]


def test_every_run_is_a_whole_problem_file(written):
    plan = read_plan(written())
    specs = [parse_spec(variant.spec, "rod.yaml", plan.beside) for variant in plan.variants]
    assert [(spec.network.degree, spec.seed) for spec in specs[:3]] == [(4, 0), (4, 1), (6, 0)]
    assert {spec.name for spec in specs} == {"rod"}


def test_settings_hold_for_all_runs_and_changes_come_after_them(written):
    network = "{kind: product, rank: full, basis: legendre, degree: 5}"
    text = (
        f"problem: rod.yaml\nsettings: {{network: {network}}}\ncrossed: {{network.degree: [6, 7]}}"
    )
    plan = read_plan(written(text))
    specs = [parse_spec(variant.spec, "rod.yaml", plan.beside) for variant in plan.variants]
    found = [(spec.network.basis, spec.network.degree) for spec in specs]
    assert found == [("legendre", 6), ("legendre", 7)]


def test_a_function_is_approximated_without_conditions(written):
    text = "function: {inputs: {x: [0, pi]}, formula: sin(x)}\ncrossed: {seed: [0]}"
    plan = read_plan(written(text))
    (spec,) = (parse_spec(variant.spec, "rod.yaml", plan.beside) for variant in plan.variants)
    assert spec.equations == ("u = sin(x)",)
    assert spec.exact == {"u": "sin(x)"}
    assert spec.domain == {"x": (0, "pi")}


def test_the_same_file_is_the_same_plan(written):
    assert read_plan(written()) == read_plan(written())


def test_all_faults_of_all_runs_come_together_each_where_it_was_written(written):
    text = """\
problem: rod.yaml
settings: {sed: 3}
crossed:
  network.degree: [0, 8]
  network.bais: [chebyshev]
  seed: [0, 1]
zipped: {accuracy: [1e-3], seed: [1, 2]}
fit: {x: network.bais, y: relative_12, groups: [network.kind]}
"""
    assert [fault.partition("; ")[0] for fault in faults(written(text))] == [
        "rods.yaml:2: settings.sed: unknown key",
        "rods.yaml:4: crossed.network.degree.0: got 0, needs at least 1",
        "rods.yaml:5: crossed.network.bais.0: unknown key",
        "rods.yaml:6: crossed.seed: 'seed' is changed under 'zipped' as well",
        "rods.yaml:7: zipped: got 1 of accuracy and 2 of seed",
        "rods.yaml:8: fit.x: a value of 'network.bais' is none",
        "rods.yaml:8: fit.y: there is no column 'relative_12'",
        "rods.yaml:8: fit.groups.0: there is no column 'network.kind'",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "problem: rod.yaml\ncrosed: {seed: [0]}\nfit: {x: seed, y: rms}",
            ["rods.yaml:2: crosed", "rods.yaml:3: fit.y", "rod.yaml:3: unknowns"],
        ),
        (
            "problem: rod.yaml\ncrossed: {seed: 0, network.degree: [-1, 8]}",
            [
                "rods.yaml:2: crossed.seed",
                "rods.yaml:2: crossed.network.degree.0",
                "rod.yaml:3: unknowns",
            ],
        ),
        (
            "problem: rod.yaml\nlisted: [3, {network.degree: -1}]",
            [
                "rods.yaml:2: listed.0",
                "rods.yaml:2: listed.1.network.degree",
                "rod.yaml:3: unknowns",
            ],
        ),
        (
            "problem: rod.yaml\nsettings: [mlp]\ncrossed: {network.degree: [-1, 8]}",
            ["rods.yaml:2: settings", "rod.yaml:3: unknowns"],
        ),
        ("problem: rod.yaml", ["rods.yaml", "rod.yaml:3: unknowns"]),
        (
            "problm: rod.yaml\nzipped: {seed: [0, 1], accuracy: [1e-3]}",
            ["rods.yaml:1: problm", "rods.yaml:2: zipped"],
        ),
        (
            "function: {inputs: {x: [0, 1]}, formula: sin(y)}\ncrossed: {seed: [a, 1]}",
            ["rods.yaml:1: function.formula", "rods.yaml:2: crossed.seed.0"],
        ),
    ],
)
def test_faults_of_the_file_hide_none_of_its_runs_that_do_not_follow_from_them(
    written, rod, text, told
):
    found = faults(written(text, rod.replace("[u]", "u")))
    pairs = zip(sorted(found), sorted(told), strict=True)
    assert all(fault.startswith(f"{beginning}: ") for fault, beginning in pairs)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("crossed: {seed: [0]}", "rods.yaml: needs either 'problem: file.yaml' or 'function:"),
        ("problem: rod.yaml", "rods.yaml: nothing is changed; write 'crossed:"),
        (
            "problem: rid.yaml\ncrossed: {seed: [0]}",
            "no such file; did you mean 'rod.yaml'",
        ),
        (
            "problem: rod.yaml\ncrosed: {seed: [0]}",
            "rods.yaml:2: crosed: unknown key; did",
        ),
        ("problem: rod.yaml\ncrossed: {seed: [0, 0]}", "run 1 has the values of run 0 (0)"),
        ("problem: rod.yaml\ncrossed: {seed: []}", "got a list, needs at least 1 entry"),
        ("problem: rod.yaml\ncrossed: {name: [a, b]}", "'name' names runs or results"),
        ("problem: rod.yaml\ncrossed: {rmse: [1, 2]}", "'rmse' names runs or results"),
        (
            "problem: rod.yaml\ncrossed: {training.3.adam.steps: [1, 2]}",
            "'3' is no entry of the list there, which has 0 to 0",
        ),
        (
            "problem: rod.yaml\ncrossed: {seed: [0, 1]}\nfit: {x: network.basis, y: rmse}",
            "rods.yaml:3: fit.x: there is no column 'network.basis'",
        ),
        (
            "problem: rod.yaml\ncrossed: {seed: [0, 1]}\nfit: {x: seed, y: rmse}",
            "a value of 'seed' is none; a law against it needs positive numbers",
        ),
        (
            "problem: rod.yaml\nsettings: {seed: 3}\ncrossed: {seed: [0, 1]}",
            "rods.yaml:3: crossed.seed: 'seed' is changed under 'settings' as well",
        ),
        ("- a", "rods.yaml:1: holds no keys; a sweep file starts with"),
        ("problem: rod.yaml\nbudget: {run: -1}\ncrossed: {seed: [0]}", "got -1, needs more than 0"),
    ],
)
def test_a_fault_says_what_would_do(written, text, told):
    assert told in "\n".join(faults(written(text)))


def test_a_fault_of_the_base_problem_is_told_once(written, rod):
    text = "problem: rod.yaml\ncrossed: {seed: [0, 1, 2]}"
    (told,) = faults(written(text, rod.replace("[u]", "u")))
    assert told == "rod.yaml:3: unknowns: got 'u', needs a list [a, b]"


def test_a_fault_of_a_function_is_told_once(written):
    text = "function: {inputs: {x: [0, 1]}, formula: sin(y)}\ncrossed: {seed: [0, 1]}"
    (told,) = faults(written(text))
    assert told.startswith("rods.yaml:1: function.formula: unknown name 'y' in 'sin(y)'; it may")


def test_more_runs_than_anyone_waits_for_are_refused_before_any_is_made(written):
    keys = "".join(f"  k{i}: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n" for i in range(9))
    with Calls() as calls:
        (told, *_) = faults(written(f"problem: rod.yaml\ncrossed:\n{keys}"))
    assert "asks for 1000000000 runs" in told
    assert calls.count < 1_000_000


def test_checking_a_thousand_runs_takes_some_calls_for_each_and_no_torch(written):
    seeds = list(range(250))
    text = f"problem: rod.yaml\ncrossed: {{network.degree: [4, 6, 8, 10], seed: {seeds}}}"
    path = written(text)
    # In a process of its own: here every call of pikan is checked, which takes ten times as many.
    code = (
        f"import sys\n{inspect.getsource(Calls)}"
        "from pikan.sweeps.plan import read_plan\nwith Calls() as calls: plan = "
        f"read_plan({str(path)!r})\n"
        "print(len(plan.variants), calls.count, 'torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, calls, torch = ran.stdout.split()
    assert (count, torch) == ("1000", "False")
    assert int(calls) < 5000 * 1000
