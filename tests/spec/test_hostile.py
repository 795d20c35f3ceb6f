"""Problem files from a stranger: whatever they hold, their faults cost little work to tell."""

import os
from itertools import pairwise
from pathlib import Path

import pytest

from pikan.spec.faults import SpecError
from pikan.spec.reader import parse_spec, read_spec
from pikan.sweeps import plan
from tests.bounded import costs

ROD = "domain: {x: [0, 1], t: [0, 1]}\nunknowns: [u]\n"
END = "conditions: [{where: boundary, that: u = 0}]\n"


def equations(text, count=1):
    return ROD + "equations:\n" + f"  - {text}\n" * count + END


def several(line, count):
    """A sound problem with a line for each number."""
    held = "".join(f"  - {line.format(number)}\n" for number in range(count))
    return f"{ROD}equations: [u_t = u_xx]\nconditions:\n{held}"


def bomb(levels):
    """Nine times nine times nine..."""
    first = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    letters = "abcdefghijklmnop"[: levels + 1]
    return first + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in pairwise(letters)
    )


FAULTY = {
    "aliases": bomb(9),
    "merged": "a: &a {b: c}\nd: {<<: *a}\n",
    "deep lists": "[" * 190_000,
    "deep mappings": "{" * 190_000,
    "long list": "- a\n" * 49_000,
    "wide list": "a: {b: [" + "c, " * 60_000 + "]}",
    "keys": "".join(f"k{number}: 1\n" for number in range(15_000)),
    "one word": "x" * 190_000,
    "escapes": 'a: "' + "\\x41" * 45_000 + '"',
    "spaces": " " * 190_000,
    "tags": "!!python/object/apply:os.system ['true']\n" * 4000,
    "huge number": equations("u_t = u_xx") + "seed: " + "9" * 190_000,
    "huge hexadecimal": equations("u_t = u_xx") + "seed: 0x" + "f" * 190_000,
    "huge text": "name: " + "a" * 190_000 + "\n" + equations("u_t = u_xx"),
    "tower": equations("u_t = 9**9**9**9**9**9"),
    "long formulas": equations("u_t = " + "q+" * 970 + "q", 95),
    "many equations": equations("u_t = u_xx", 9000),
    "many conditions": several("{{where: boundary, that: u = {}*x}}", 4000),
    "misnamed": equations("v_t = foo(w)*zz + y_y", 99),
    "contradictions": several("{{where: boundary, that: u = {}*x}}", 200),
    "orders": equations("u_" + "xt" * 950 + " = 0"),
    "wide network": equations("u_t = u_xx")
    + "network: {kind: kan, width: ["
    + "1, " * 9000
    + "1]}",
    "constants": equations("u_t = u_xx")
    + "constants: {c0: 2"
    + "".join(f", c{n + 1}: c{n}^50" for n in range(900))
    + "}",
    "prefixes": "domain: {"
    + ", ".join(f"{'x' * n}: [0, 1]" for n in range(1, 33))
    + "}\nunknowns: [u]\nequations: [u_"
    + "x" * 60
    + " = 0]\n"
    + END,
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    paths = []
    for name, text in FAULTY.items():
        (folder / f"{name}.yaml").write_text(text)
        paths.append(str(folder / f"{name}.yaml"))
    imports = "from pikan.spec.faults import SpecError\nfrom pikan.spec.reader import read_spec"
    return dict(zip(FAULTY, costs(imports, "read_spec(given)", "SpecError", paths), strict=True))


@pytest.mark.parametrize("name", FAULTY)
def test_a_hostile_problem_file_is_told_its_faults_in_few_calls_and_little_memory(found, name):
    cost = found[name]
    assert cost.said, "nothing was refused"
    assert all(f"{name}.yaml" in line and len(line) < 600 for line in cost.said.splitlines())
    # A sound file of 200 kB, the largest that is read, takes four millions.
    assert cost.calls < 10_000_000
    assert cost.peak < 200_000_000


@pytest.mark.parametrize(
    "file",
    [
        "../u.csv",
        "a/../../u.csv",
        "/etc/passwd",
        "C:\\u.csv",
        "linked/u.csv",
        "round/u.csv",
        "u\\0.csv",
        ".",
        "",
    ],
)
def test_data_outside_of_the_folder_are_never_opened(tmp_path, file):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
    (inside / "linked").symlink_to(outside)
    (inside / "round").symlink_to("round")
    for place in (tmp_path, outside):
        (place / "u.csv").write_text("x,t,u\n0,0,0\n1,1,1\n")
    reference = f'reference: {{file: "{file}", coordinates: {{x: x, t: t}}, unknowns: {{u: u}}}}\n'
    (inside / "rod.yaml").write_text(equations("u_t = u_xx") + reference.replace("C:\\", "C:\\\\"))
    with pytest.raises(SpecError) as caught:
        read_spec(inside / "rod.yaml")
    assert any("needs a file in the folder" in str(fault) for fault in caught.value.faults)


@pytest.mark.parametrize("reading", [read_spec, plan.read_plan])
@pytest.mark.parametrize("file", ["pipe", "folder", "/dev/zero", "/dev/null"])
def test_what_is_no_file_is_refused_at_once(tmp_path, monkeypatch, reading, file):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("folder").mkdir()
    with pytest.raises(SpecError, match=rf"^{file}: this is [^\n]*$"):
        reading(Path(file))


@pytest.mark.parametrize("name", ["pipe.csv", "pipe.h5", "folder.npz"])
def test_data_that_are_no_file_are_refused_at_once(tmp_path, name):
    (os.mkdir if name.startswith("folder") else os.mkfifo)(tmp_path / name)
    reference = f"reference: {{file: {name}, coordinates: {{x: x, t: t}}, unknowns: {{u: u}}}}\n"
    (tmp_path / "rod.yaml").write_text(equations("u_t = u_xx") + reference)
    with pytest.raises(SpecError, match="is not there; give the path of a file"):
        read_spec(tmp_path / "rod.yaml")


@pytest.mark.parametrize("file", ["../../rod.yaml", "/etc/passwd", "linked/rod.yaml", "r\\0d.yaml"])
def test_a_sweep_reads_no_problem_from_elsewhere(tmp_path, file):
    inside, outside = tmp_path / "a" / "b", tmp_path / "outside"
    inside.mkdir(parents=True)
    outside.mkdir()
    (inside / "linked").symlink_to(outside)
    for place in (tmp_path, outside):
        (place / "rod.yaml").write_text(equations("u_t = u_xx"))
    (inside / "rods.yaml").write_text(f'problem: "{file}"\ncrossed: {{seed: [0]}}\n')
    with pytest.raises(SpecError) as caught:
        plan.read_plan(inside / "rods.yaml")
    assert any("needs a file in the folder" in str(fault) for fault in caught.value.faults)


def test_a_text_that_is_no_file_is_bounded_too():
    with pytest.raises(SpecError, match=r"^run\.yaml: is larger than 200000 bytes; [^\n]*$"):
        parse_spec(f"{equations('u_t = u_xx')}#{'a' * 200_000}", "run.yaml", Path())


def test_exact_solutions_whose_derivatives_explode_cost_nothing():
    deep = "sin(" * 50 + "x*t" + ")" * 50
    text = f"{equations('u_t = ' + 'u_' + 'x' * 12)}exact: {{u: {deep}}}"
    path = Path("deep.yaml")
    imports = (
        "from pathlib import Path\nfrom pikan.problem.manufactured import residual_sizes\n"
        "from pikan.spec.formulas import problem\nfrom pikan.spec.reader import parse_spec"
    )
    call = f"residual_sizes(problem(parse_spec(given, {str(path)!r}, Path())))"
    (cost,) = costs(imports, call, "ValueError", [text])
    assert not cost.said
    assert cost.calls < 1_000_000
