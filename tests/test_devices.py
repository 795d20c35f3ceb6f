"""Nothing but the border names a device, and what is made on the way is made where it belongs."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.quasirandom import SobolEngine

import pikan
from pikan.network_factory import DeviceError
from tests.homeless import Homeless, WrongPlaceError, mark, parameter
from tests.test_determinism import FILES, PULSE, ROD

LINEAR = {
    "eliminated": """
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [u_xx + u_yy = -2*pi^2*sin(pi*x)*sin(pi*y)]
conditions: [{where: boundary, that: u = 0}]
accuracy: 1e-4
""",
    "system": """
domain: {x: [0, 1]}
unknowns: [u, v]
equations: [u_x = v, v_x = -u + x]
conditions: [{where: x = 0, that: u = 1}, {where: x = 1, that: v = 0}]
accuracy: 1e-4
""",
    "ridge": f"""{ROD.replace("u^2", "u")}
network: {{kind: kan, width: [1, 5, 1], basis: chebyshev, start: ridge}}
training: [least_squares]
""",
    "grown": """
domain: {x: [0, 1], y: [0, 1], z: [0, 1], s: [0, 1]}
unknowns: [u]
equations: [laplacian(u) = 2]
conditions: [{where: boundary, that: u = x^2 + y*z}]
accuracy: 1e-3
""",
}
FREE = {
    # The border: where a device is read or stated, and where numbers come back from a file.
    "spec/schema.py", "spec/messages.py", "cli/main.py", "cli/torchrun.py", "kan/arguments.py",
    "kan/kan.py", "kan/dataset.py", "storage/checkpoint.py", "storage/run_archive.py",
    "kan/kan_layer.py", "operator_files/run.py", "operator_files/kept.py",
}  # fmt: skip


def test_only_the_border_names_a_device(root):
    package = root / "pikan"
    named = re.compile(r"\bcuda\b|[\"']cpu[\"']|\bmps\b|\bxpu\b")
    naming = {
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if named.search(file.read_text(encoding="utf-8"))
    }
    assert naming <= FREE


def test_what_is_made_without_a_device_is_caught_in_company():
    with Homeless():
        field = torch.zeros(3, device="cpu")
        assert torch.equal(field + torch.ones(3).to(field), field + 1.0)
        assert torch.equal(field[torch.arange(2)], field[:2])
        field.cpu().numpy()
        with pytest.raises(WrongPlaceError, match="without a device"):
            field + torch.ones(3)
        with pytest.raises(WrongPlaceError, match="numpy"):
            field.numpy()


@pytest.fixture
def told_apart(monkeypatch):
    """What torch makes by ways of its own: parameters, and on the processor what NumPy made."""
    draw, from_numpy = SobolEngine.draw, torch.from_numpy

    def marked(engine, *counts, **settings):
        return mark(draw(engine, *counts, **settings), homeless=True)

    monkeypatch.setattr(SobolEngine, "draw", marked)
    monkeypatch.setattr(torch, "from_numpy", lambda array: mark(from_numpy(array), homeless=True))
    monkeypatch.setattr(nn.Parameter, "__new__", parameter)


@pytest.mark.usefixtures("told_apart")
@pytest.mark.parametrize("name", [*FILES, *LINEAR])
def test_every_kind_of_problem_makes_its_tensors_where_they_belong(name, tmp_path):
    (tmp_path / "one.yaml").write_text({**FILES, **LINEAR}[name], encoding="utf-8")
    with Homeless():
        solution = pikan.solve(tmp_path / "one.yaml", time_limit=5)
        solution.keep(tmp_path / "kept")
    assert pikan.load(tmp_path / "kept").report == solution.report


def test_a_missing_device_is_one_sentence(tmp_path):
    missing = "cuda" if not torch.cuda.is_available() else "cuda:99"
    (tmp_path / "rod.yaml").write_text(ROD, encoding="utf-8")
    with pytest.raises(DeviceError, match=rf"^device: '{missing}' is not available .* use cpu$"):
        pikan.solve(tmp_path / "rod.yaml", device=missing)


@pytest.mark.gpu
@pytest.mark.parametrize("name", [*FILES, *LINEAR])
def test_what_an_accelerator_solves_opens_on_a_processor(name, tmp_path):
    (tmp_path / "one.yaml").write_text({**FILES, **LINEAR}[name], encoding="utf-8")
    solution = pikan.solve(tmp_path / "one.yaml", device="cuda")
    solution.keep(tmp_path / "kept")
    loaded = pikan.load(tmp_path / "kept")
    assert solution.report.device == "cuda"
    assert next(solution.network.parameters()).is_cuda
    assert not next(loaded.network.parameters()).is_cuda
    # Far outside of the box polynomials are rounding times large numbers.
    box = solution.problem.box
    lower, upper = torch.tensor([box.lower, box.upper], dtype=torch.float64)
    points = lower + (upper - lower) * torch.rand(7, box.dimension, dtype=torch.float64)
    torch.testing.assert_close(loaded(points), solution(points.cuda()).cpu(), rtol=1e-9, atol=1e-9)


@pytest.mark.gpu
def test_an_accelerator_comes_to_what_a_processor_does(tmp_path):
    file = Path(tmp_path, "pulse.yaml")
    file.write_text(f"{PULSE}\naccuracy: 1e-4\n", encoding="utf-8")
    found = [pikan.solve(file, device=device) for device in ("cpu", "cuda")]
    points = torch.rand(50, 2, dtype=torch.float64) * torch.tensor([1.0, 0.02])
    one, other = found[0](points), found[1](points.cuda()).cpu()
    torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("told_apart")
def test_a_model_makes_its_tensors_where_they_belong():
    with Homeless():
        here = torch.device("cpu")
        dataset = pikan.create_dataset(lambda x: x[:, [0]] ** 2 + x[:, [1]], device=here)
        model = pikan.KAN([2, 2, 1], device=here)
        assert model.fit(dataset, steps=2, log=0)["train_loss"][-1] < 1.0
        model(dataset["test_input"])


@pytest.mark.gpu
def test_a_model_is_fitted_on_an_accelerator():
    dataset = pikan.create_dataset(lambda x: x[:, [0]] ** 2 + x[:, [1]], device="cuda")
    model = pikan.KAN([2, 2, 1], device="cuda")
    history = model.fit(dataset, steps=20, log=0)
    assert history["train_loss"][-1] < 1e-2
    assert model(dataset["test_input"]).is_cuda
