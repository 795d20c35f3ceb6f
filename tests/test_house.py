import ast
import re
import subprocess
import sys
import sysconfig
from collections import deque
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import pikan

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "pikan").rglob("*.py"))


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def each_file(files=FILES):
    return pytest.mark.parametrize("file", files, ids=[str(f.relative_to(ROOT)) for f in files])


@each_file()
def test_a_file_says_its_job_in_the_first_line(file):
    first = (ast.get_docstring(parsed(file)) or "").partition("\n")[0]
    assert first, "there is no docstring"
    assert first.endswith("."), f"not a whole sentence: {first!r}"


@each_file([file for file in FILES if file.name == "__init__.py" and file.parent.name != "pikan"])
def test_a_family_reexports_nothing(file):
    assert len(parsed(file).body) == 1


FACTORIZATIONS = {"lstsq", "svd", "svdvals", "qr", "lu", "lu_factor", "lu_factor_ex", "cholesky"}
FACTORIZATIONS |= {"cholesky_ex", "inv", "inv_ex", "solve", "solve_ex", "eig", "eigh", "pinv"}
FACTORIZATIONS |= {"solve_triangular", "lu_solve", "cond", "matrix_rank"}
# LAPACK's own calls that end in an exception where a matrix is not finite, or singular.
RAISING = {"lstsq", "svd", "svdvals", "inv", "solve", "eig", "eigh", "pinv", "cholesky"}


def linear_algebra(file, names):
    """The calls of a file that have one of these names in torch, NumPy or SciPy."""
    called = (node.func for node in ast.walk(parsed(file)) if isinstance(node, ast.Call))
    found = {ast.unparse(each) for each in called}
    rooms = ("torch.linalg", "np.linalg", "scipy.linalg", "torch")
    return found & {f"{room}.{name}" for room in rooms for name in names}


@each_file([file for file in FILES if file.parent.name != "linalg"])
def test_matrices_are_factored_in_the_room_of_linear_algebra(file):
    assert not linear_algebra(file, FACTORIZATIONS)


@each_file([file for file in FILES if file.name != "dense.py"])
def test_torch_factorizations_that_may_raise_are_called_in_one_place(file):
    assert not {name for name in linear_algebra(file, RAISING) if name.startswith("torch.")}


@each_file()
def test_annotations_are_real_so_that_shapes_can_be_checked(file):
    modules = [node.module for node in ast.walk(parsed(file)) if isinstance(node, ast.ImportFrom)]
    assert "__future__" not in modules


def bodies(node: ast.ClassDef) -> set[str]:
    """The methods of a class that do something."""
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
    abstract = {"abstractmethod", "overload"}
    return {
        each.name
        for each in methods
        if not abstract & {ast.unparse(decorator) for decorator in each.decorator_list}
    }


def test_nothing_overrides_a_method_that_has_a_body():
    classes = {
        node.name: node
        for file in FILES
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.ClassDef)
    }
    for name, node in classes.items():
        for base in map(ast.unparse, node.bases):
            if base in classes and base != name:
                twice = bodies(node) & bodies(classes[base]) - {"__init__", "__post_init__"}
                assert not twice, f"{name} overrides {twice} of {base}"


def test_every_public_name_is_there():
    assert all(getattr(pikan, name) is not None for name in pikan.__all__)
    with pytest.raises(AttributeError, match="'nothing'"):
        getattr(pikan, "nothing")  # noqa: B009  the plain form is a type error


def test_editors_follow_the_install_to_the_code():
    # An import hook, as setuptools makes for other layouts, is run by Python alone.
    packages = Path(sysconfig.get_path("purelib"))
    links = [Path(one.read_text().strip()) for one in packages.glob("__editable__*pikan*.pth")]
    assert any((place / "pikan" / "__init__.py").is_file() for place in (packages, *links))


def test_the_documentation_explains_every_key_of_a_problem_file():
    from pikan.spec.schema import Spec

    schema = Spec.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    keys = {key for model in models for key in model.get("properties", {})}
    page = (ROOT / "docs" / "problem_file.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`(\w+)[`:]", page)) | {"where", "that", "periodic"}
    assert keys <= explained


def closure(package: str, extra: str) -> set[str]:
    """All packages that an installed package needs, by name."""
    found: set[str] = set()
    waiting = deque([(package, extra)])
    while waiting:
        name, extras = waiting.popleft()
        for line in requires(name) or ():
            need = Requirement(line)
            if need.marker is None or need.marker.evaluate({"extra": extras}):
                for more in need.extras | {""}:
                    if (need.name, more) not in waiting and need.name not in found:
                        waiting.append((need.name, more))
                found.add(canonicalize_name(need.name))
    return found - {"pikan"}


def test_constraints_pin_all_that_gets_installed():
    try:
        needed = closure("pikan", "test")
    except PackageNotFoundError as missing:
        pytest.skip(f"{missing.name} is not installed")
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonicalize_name(line.partition("==")[0]) for line in lines if "==" in line}
    # A new environment has a setuptools of its own that serves.
    needed -= {"setuptools"}
    # torch brings CUDA's libraries along on some machines; they follow torch's own pins.
    assert {name for name in needed - pinned if not name.startswith(("nvidia", "triton"))} == set()


@pytest.mark.parametrize("words", [["--help"], ["check", "problems/poisson.yaml"]])
def test_quick_commands_import_nothing_slow(words):
    code = (
        "import sys; from pikan.cli.main import app; "
        f"app({words!r}, standalone_mode=False); "
        "print(*{'torch', 'matplotlib', 'sympy', 'h5py'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert run.stdout.splitlines()[-1] == ""


def test_a_solution_imports_what_reads_and_draws_it_only_when_asked():
    code = (
        "import sys, pikan.solution; "
        "print(*{'pikan.symbolic', 'scipy.optimize', 'matplotlib'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_least_squares_name_their_driver(file):
    """torch's own choice on a CPU, gelsy, starts from pivots that nobody has set."""
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.linalg.lstsq":
            assert "driver" in {keyword.arg for keyword in node.keywords}, node.lineno


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_links_of_the_readme_lead_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert links
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []
