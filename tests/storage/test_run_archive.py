"""A run comes back from its file bit by bit, and a file that is no run is refused."""

import math
from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch

from pikan.bases.bspline import BSpline
from pikan.network.activation import silu
from pikan.network.build import architecture_text
from pikan.network.kan import KANNetwork
from pikan.network.parameters import parameter_vector, with_parameters
from pikan.network.refine import adapt, refine
from pikan.report.fields import Field
from pikan.report.report import Errors, NetworkFacts, Record, Report, Seconds, StageFacts, Versions
from pikan.storage.file import ArchiveError, put_text, writing
from pikan.storage.run_archive import ArchivedRun, network, read_run, write_run
from tests.bounded import Calls

REPORT = Report(
    problem="poisson", outcome="converged", message="It is solved.",
    errors={"u": Errors(1e-15, 2e-15, 1e-15, "exact", 26896)}, estimate=None,
    residuals={"equation": 1e-14}, network=NetworkFacts("kan", 744), seed=0, dtype="float64",
    device="cpu", threads=1, seconds=Seconds(1.0, 0.1),
    stages=(StageFacts("least_squares", 1, 0.1, 1e-28),), versions=Versions("0", "2", "3"),
)  # fmt: skip


@pytest.fixture
def run() -> ArchivedRun:
    generator = np.random.default_rng(0)
    plane = generator.random((161, 161, 1))
    axis = np.linspace(0, 1, 161)
    return ArchivedRun(
        spec="name: poisson\ntitle: Gleichung π\n",
        shape='{"kind":"mlp","widths":[1,1]}',
        state={
            "layers.0.weight": torch.tensor([[math.pi, -0.0, 5e-324]], dtype=torch.float64),
            "small": torch.tensor([0.1], dtype=torch.float32),
            "steps": torch.tensor(3),
            "flag": torch.tensor([True, False]),
            "none": torch.zeros(0, 2),
        },
        history=(
            Record("adam", 0, 1, 0.1, 2.0, (("equation", 1.0), ("x = 0", 0.5)), None),
            Record("refine", 1, 0, 0.2, math.inf, (("equation", 1.0),), 0.25),
        ),
        report=REPORT,
        fields=(
            Field(("x", "y"), (axis, axis), (), plane, plane + 1, plane + 2),
            Field(("x", "y"), (axis, axis), (("t", 0.5),), plane, None, None),
        ),
    )


@pytest.fixture
def path(run, tmp_path):
    write_run(tmp_path / "run.h5", run)
    return tmp_path / "run.h5"


def test_a_run_reads_back_as_it_was(run, path):
    found = read_run(path)
    assert (found.spec, found.shape) == (run.spec, run.shape)
    assert (found.history, found.report) == (run.history, run.report)
    assert found.state.keys() == run.state.keys()
    for name, tensor in run.state.items():
        assert found.state[name].dtype == tensor.dtype
        assert found.state[name].shape == tensor.shape
        assert found.state[name].numpy().tobytes() == tensor.numpy().tobytes()
    for one, other in zip(found.fields, run.fields, strict=True):
        assert (one.axes, one.fixed) == (other.axes, other.fixed)
        np.testing.assert_array_equal(one.grids, other.grids)
        np.testing.assert_array_equal(one.solution, other.solution)
        assert (one.exact is None) == (other.exact is None)


def test_an_empty_run_reads_back(run, tmp_path):
    empty = ArchivedRun("", "", {}, (), REPORT, ())
    write_run(tmp_path / "run.h5", empty)
    assert read_run(tmp_path / "run.h5") == empty


def test_a_run_is_small_and_opens_in_few_calls(path):
    assert path.stat().st_size < 2_000_000
    read_run(path)
    with Calls() as calls:
        read_run(path)
    assert calls.count < 100_000


def test_no_object_is_kept(path):
    with h5py.File(path, "r") as file:
        kinds: list[str] = []
        file.visititems(
            lambda _, item: (
                kinds.append(item.dtype.kind) if isinstance(item, h5py.Dataset) else None
            )
        )
    assert set(kinds) <= set("fiub")


def test_writing_in_vain_leaves_the_old_run(run, path, tmp_path):
    broken = replace(run, state={"a/b": torch.zeros(1), "a": torch.zeros(1)})
    with pytest.raises((ValueError, OSError, RuntimeError)):
        write_run(path, broken)
    assert read_run(path).spec == run.spec
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("size", [0, 1, 100, 2000, 20_000, -1])
def test_a_cut_file_is_refused_in_one_sentence(path, size):
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ArchiveError) as refused:
        read_run(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"name: poisson\n", b"\x89HDF\r\n\x1a\n" + b"\0" * 99])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "run.h5").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"run\.h5"):
        read_run(tmp_path / "run.h5")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match="no such file"):
        read_run(tmp_path / "run.h5")


def test_any_other_byte_anywhere_is_refused(path):
    # Some of them make HDF5 turn in circles until the memory is full (seen in 2.0).
    content = path.read_bytes()
    generator = np.random.default_rng(0)
    for place in [0, 8, len(content) - 1, *generator.integers(0, len(content), 100)]:
        damaged = bytearray(content)
        damaged[place] ^= 1 << generator.integers(8)
        path.write_bytes(damaged)
        with pytest.raises(ArchiveError, match="its digest is another"):
            read_run(path)


def without(*names):
    return lambda file: [file.__delitem__(name) for name in names]


@pytest.mark.parametrize(
    "change",
    [
        without("run"),
        without("run/json"),
        without("run/state/small"),
        without("run/fields/0/solution"),
        lambda file: file.move("run/fields/1/solution", "run/fields/1/solved"),
        lambda file: file.__setitem__("checkpoint/json", np.zeros(1)) or file.__delitem__("run"),
    ],
)
def test_what_is_not_all_of_a_run_is_refused(path, change):
    with h5py.File(path, "r") as file, writing(path) as other:
        for name in file:
            file.copy(name, other)
        change(other)
    with pytest.raises(ArchiveError, match=r"^[^\n]*$"):
        read_run(path)


@pytest.mark.parametrize("text", ["9" * 5000, "[" * 100_000, "{}", "", "[1]", '"a"', "\0"])
def test_texts_that_are_none_of_a_run_are_refused(path, text):
    rewrite(path, lambda _: text)
    with pytest.raises(ArchiveError, match=r"^[^\n]*$"):
        read_run(path)


@pytest.mark.parametrize(
    ("part", "other"),
    [
        (',"shape":', ',"form":'),
        ('"class":"Record"', '"class":"Report"'),
        ('"problem":"poisson"', '"problem":3'),
        ('"outcome":"converged"', '"outcome":"perfect"'),
        ('"threads":1', '"threads":true'),
        ('"axes":["x","y"]', '"axes":"xy"'),
        ('{"<array>":"fields/0/solution"}', "null"),
        ('{"<array>":"fields/0/solution"}', '{"<array>":"fields/0/exact"}'),
        ('"step":1,', '"step":1.5,'),
        ('"seconds":0.1,', ""),
    ],
)
def test_a_value_of_another_kind_is_refused(path, part, other):
    rewrite(path, lambda text: text.replace(part, other, 1))
    with pytest.raises(ArchiveError, match=r"^[^\n]*$"):
        read_run(path)


def rewrite(path, change):
    """Puts another text in the place of the one that says what a run is."""
    with h5py.File(path, "r") as file, writing(path) as other:
        for each in file:
            file.copy(each, other)
        before = file["run/json"][()].tobytes().decode()
        del other["run/json"]
        after = change(before)
        assert after != before
        put_text(other, "run/json", after)


def test_a_network_that_is_larger_than_its_numbers_is_not_made(run):
    huge = replace(run, shape='{"kind":"mlp","widths":[9000,9000,1]}')
    with pytest.raises(ArchiveError, match="needs fewer"):
        network(huge)


@pytest.fixture(params=[torch.float64, torch.float32], ids=str)
def grown(request) -> KANNetwork:
    """A network that began with cells [-1, 0], [0, 1] and has other knots now."""
    generator = torch.Generator().manual_seed(0)
    knots = [torch.linspace(-1, 1, 3, dtype=torch.float64).repeat(nodes, 1) for nodes in (1, 3)]
    began = KANNetwork([1, 3, 1], [BSpline(each, 3) for each in knots], [0.0], [2.0], base=silu)
    theta = torch.randn(parameter_vector(began).shape, generator=generator, dtype=torch.float64)
    points = 2 * torch.rand(50, 1, generator=generator, dtype=torch.float64)
    return adapt(refine(with_parameters(began, theta), degree=4, grid=7), points).to(request.param)


def test_a_network_that_grew_comes_back_bit_by_bit(run, grown, tmp_path):
    kept = replace(run, shape=architecture_text(grown), state=grown.state_dict())
    write_run(tmp_path / "run.h5", kept)
    again = network(read_run(tmp_path / "run.h5"))
    points = torch.linspace(0, 2, 33).to(grown.center).unsqueeze(1)
    assert again.center.dtype == grown.center.dtype
    assert torch.equal(again(points), grown(points))


def test_each_number_keeps_its_precision(run, grown):
    state = {**grown.float().state_dict(), "scale": torch.ones(1, dtype=torch.float64)}
    again = network(replace(run, shape=architecture_text(grown), state=state))
    assert {k: v.dtype for k, v in again.state_dict().items()} == {
        k: v.dtype for k, v in state.items()
    }
    assert again.last_weight().requires_grad


def test_the_network_of_a_run_shares_nothing_with_it(run, grown):
    kept = replace(run, shape=architecture_text(grown), state=grown.state_dict())
    with torch.no_grad():
        network(kept).last_weight().zero_()
    assert kept.state["edge_layers.1.weight"].any()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda run: replace(run, shape="{}"), "cannot be built again: shape"),
        (lambda run: replace(run, state={}), r"'center' has the size None, needs \(1,\)"),
        (lambda run: replace(run, state={**run.state, "more": torch.zeros(2)}), "'more'"),
        (lambda run: replace(run, state={**run.state, "scale": torch.zeros(2)}), "'scale'"),
        (lambda run: replace(run, state={**run.state, "scale": torch.tensor([1])}), "int64"),
    ],
)
def test_a_state_that_fits_no_shape_is_refused_in_one_sentence(run, change, said):
    good = {name: torch.ones(1, dtype=torch.float64) for name in ("center", "scale")}
    good["coefficients"] = torch.ones(2, 1, dtype=torch.float64)
    fitting = replace(run, state=good)
    assert network(fitting)(torch.full((1, 1), 3.0, dtype=torch.float64)).item() == 3
    with pytest.raises(ArchiveError, match=rf"^[^\n]*{said}[^\n]*$"):
        network(change(fitting))


def test_a_network_of_many_numbers_comes_back(run):
    knots = [torch.linspace(-1, 1, 9).repeat(nodes, 1) for nodes in (1, 300, 10)]
    wide = KANNetwork(
        [1, 300, 10, 1], [BSpline(each, 3) for each in knots], [0.0], [2.0], base=silu
    )
    generator = torch.Generator().manual_seed(0)
    made = with_parameters(wide, torch.randn(parameter_vector(wide).shape, generator=generator))
    assert parameter_vector(made).numel() > 30_000
    again = network(replace(run, shape=architecture_text(made), state=made.state_dict()))
    assert torch.equal(parameter_vector(again), parameter_vector(made))


def test_a_shape_that_asks_for_more_than_its_state_is_refused_before_it_is_made(run):
    with pytest.raises(ArchiveError, match="cannot be built again: shape: got a network of more"):
        network(replace(run, shape='{"kind":"mlp","widths":[1,1000,1000,1]}', state={}))


def test_a_file_without_a_report_is_none_of_a_run_unless_that_goes_on(tmp_path):
    with writing(tmp_path / "run.h5") as file:
        put_text(file, "spec", "")
    with pytest.raises(ArchiveError, match="is missing"):
        read_run(tmp_path / "run.h5")
