"""The model as a plain module, and what it refuses."""

import json
from copy import deepcopy

import numpy as np
import pytest
import torch

import pikan
from pikan.kan.arguments import ModelError


def points(count: int = 6) -> torch.Tensor:
    return torch.rand(count, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_derivatives_in_the_inputs_go_on_to_the_weights():
    model, x = pikan.KAN([2, [2, 1], 1]), points().requires_grad_()
    slope = torch.autograd.grad(model(x).sum(), x, create_graph=True)[0]
    second = torch.autograd.grad(slope[:, 0].sum(), x, create_graph=True)[0][:, 0]
    second.square().sum().backward()
    assert all(bool(p.grad.abs().sum() > 0) for p in model.parameters())
    step = torch.tensor([1e-4, 0.0], dtype=torch.float64)
    with torch.no_grad():
        twice = (model(x + step) - 2 * model(x) + model(x - step))[:, 0] / 1e-8
    torch.testing.assert_close(second.detach(), twice, rtol=1e-4, atol=1e-5)


def test_a_loop_of_the_callers_trains_it():
    model, x = pikan.KAN([2, 3, 3]), points(60)
    classes = (x.sum(dim=1) > 1).long() + (x.sum(dim=1) > 1.3).long()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), classes)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.3 * losses[0]


def test_a_copy_and_a_state_are_the_same_model():
    model, x = pikan.KAN([2, [2, 1], 1], seed=1), points()
    again = pikan.KAN([2, [2, 1], 1], seed=2)
    again.load_state_dict(model.state_dict())
    assert torch.equal(again(x), model(x))
    copied = deepcopy(model)
    with torch.no_grad():
        next(copied.parameters()).add_(1.0)
    assert not torch.equal(copied(x), model(x))
    assert torch.equal(again(x), model(x))


def test_points_may_come_in_another_precision():
    model, x = pikan.KAN([2, 1]), points()
    torch.testing.assert_close(model(x.float()), model(x), rtol=1e-5, atol=1e-6)
    assert model.float()(x).dtype == torch.float32
    assert pikan.KAN([2, 1], dtype=torch.float32)(x).dtype == torch.float32


def test_activations_add_up_to_what_comes_out():
    model, x = pikan.KAN([2, [2, 1], 1]), points()
    first, last = model.get_act(x)
    torch.testing.assert_close(first.nodes, x)
    products = first.sums[:, 2] * first.sums[:, 3]
    torch.testing.assert_close(last.nodes, torch.stack([*first.sums[:, :2].mT, products], dim=1))
    torch.testing.assert_close(last.sums, model(x).detach())


def test_an_edge_gives_its_function_in_order():
    model, x = pikan.KAN([2, 3, 1]), points()
    gets, gives = model.get_fun(0, 1, 2, x)
    layer = model.get_act(x)[0]
    assert list(gets) == sorted(x[:, 1].tolist())
    assert gives[0] == layer.edges[x[:, 1].argmin(), 1, 2]
    assert model.get_range(0, 1, 2, x) == (gets[0], gets[-1], min(gives), max(gives))


@pytest.mark.usefixtures("untyped")
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda model: model(torch.zeros(4, 3)), r"got shape \[4, 3\], needs \[..., 2\]"),
        (lambda model: model(torch.tensor(1.0)), r"got shape \[\], needs \[..., 2\]"),
        (lambda model: model.get_fun(0, 2, 0), r"no edge \(0, 2, 0\).*\(2, 3\), \(3, 1\)"),
        (lambda model: model.get_act(torch.full((3, 2), torch.nan)), "3 of 3 rows hold NaN"),
        (lambda model: model.attribute(3), "l: got 3, needs a layer from 1 to 2"),
        (lambda model: model.attribute(1, 3), "i: got 3, needs a node from 0 to 2"),
        (
            lambda model: model(torch.zeros(4, 2) * 1j),
            "x: got torch.complex128, needs real numbers",
        ),
        (lambda model: model.attribute("a"), "attribute: l: got 'a', needs a whole number"),
        (lambda model: model.attribute(1, "a"), "attribute: i: got 'a', needs a whole number"),
        (lambda model: model.fix_symbolic("a", 0, 0, "sin"), "fix_symbolic: l: got 'a', needs"),
        (lambda model: model.get_fun(0, 0, -1), "get_fun: j: got -1, needs a whole number from 0"),
        (lambda model: model.prune("a"), "prune: node_th: got 'a', needs a finite number"),
        (lambda model: model.prune_edge(None), "prune_edge: threshold: got None, needs a finite"),
        (lambda model: model.refine(2), "refine: grid: got 2, a refined basis needs at least 5"),
        (lambda model: model.refine(), "refine: needs new_grid"),
        (lambda model: model.plot(in_vars=["x"]), "in_vars: got 1 names, needs 2"),
        (lambda model: model.plot(metric="forward"), "metric: got 'forward'; did you mean"),
        (lambda model: model.plot(betta=3), "unknown argument 'betta'; did you mean 'beta'"),
        (lambda model: model.plot(ax=3), "ax: got int, needs axes of matplotlib"),
        (lambda model: model.prune_node(2.0), "no node of layer 1 scores above 2.0"),
        (
            lambda model: model.prune_node(active_neurons_id=[[3]]),
            r"got \[3\], needs some of 0 to 2",
        ),
        (lambda model: model.prune_edge(9.0), "a layer has no edge that scores above 9.0"),
        (lambda model: model.prune_input(9.0), "no input scores above 9.0"),
        (
            lambda model: model.expand_width(2, 1),
            "layer_id: got 2, needs a hidden layer from 1 to 1",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(call, words):
    with pytest.raises(ModelError, match=words):
        call(pikan.KAN([2, 3, 1]))


def test_speed_is_not_needed():
    model = pikan.KAN([2, 1])
    with pytest.warns(UserWarning, match="not needed"):
        assert model.speed() is model


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda model, data: model.prune(threshold=0.1), "unknown argument 'threshold'"),
        (lambda model, data: model.prune_node(mode="auto"), "leave out 'mode'"),
        (lambda model, data: pikan.create_dataset(len, ntrain=4), "did you mean 'train_num'"),
    ],
)
def test_what_a_newcomer_gets_wrong_is_said_in_a_sentence(call, said):
    data = pikan.create_dataset(lambda x: x[:, [0]], train_num=10, test_num=10)
    with pytest.raises(ModelError, match=said):
        call(pikan.KAN([2, 1]), data)


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
def test_a_model_has_the_default_dtype_as_every_module_has(precision):
    before = torch.get_default_dtype()
    torch.set_default_dtype(precision)
    try:
        model = torch.nn.Sequential(pikan.KAN([2, 3, 4]), torch.nn.Linear(4, 1))
        assert model(points()).dtype == precision
        assert pikan.create_dataset(lambda x: x[:, [0]])["train_input"].dtype == precision
    finally:
        torch.set_default_dtype(before)


def test_formulas_are_read_in_double_precision():
    data = pikan.create_dataset(lambda x: torch.sin(torch.pi * x), n_var=1, dtype=torch.float64)
    model = pikan.KAN([1, 1], seed=1, dtype=torch.float32)
    model.fit(data, opt="LM", steps=10)
    read = model.auto_symbolic(lib=["x", "sin", "exp"], dataset=data)
    assert next(read.parameters()).dtype == torch.float32
    assert read.symbolic_formula(dataset=data).errors[0] < 1e-14


@pytest.mark.parametrize("shape", [(2,), (0, 2), (3, 2), (3, 4, 2), (2, 0, 3, 2)])
def test_leading_dimensions_are_kept_as_by_linear_layers(shape):
    model, x = pikan.KAN([2, [2, 1], 3]), torch.rand(shape, dtype=torch.float64)
    values = model(x)
    assert values.shape == torch.nn.Linear(2, 3)(x).shape
    torch.testing.assert_close(values.reshape(-1, 3), model(x.reshape(-1, 2)))


@pytest.mark.usefixtures("untyped")
def test_whole_numbers_and_names_may_be_numpys_and_of_a_table():
    width = np.array([2, 3, 1])
    model = pikan.KAN(width, grid=np.int64(4), k=np.int32(3), seed=np.int64(1))
    assert repr(model) == repr(pikan.KAN([np.int64(2), 3, 1], grid=4, seed=1))
    data = pikan.create_dataset(lambda x: x[:, [0]], train_num=np.int64(30), seed=np.int64(2))
    model.fit(data, steps=np.int64(2), batch=np.int64(9), opt="Adam", seed=np.int64(3))
    columns = np.array(["a", "b"], dtype=object)
    assert model.plot(in_vars=columns) is not None
    read = model.auto_symbolic(lib=["x"])
    found = read.symbolic_formula(var=columns)
    assert [str(each) for each in found.variables] == ["a", "b"]


def test_what_pykan_has_and_pikan_has_not_is_said_in_a_sentence():
    model = pikan.KAN([2, 1])
    for name in ("saveckpt", "rewind", "initialize_from_another_model", "act_fun", "add_symbolic"):
        with pytest.raises(AttributeError, match=f"KAN has no '{name}': "):
            getattr(model, name)
    with pytest.raises(AttributeError, match="load"):
        pikan.KAN.loadckpt("model/0.0")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        model.nothing  # noqa: B018
    assert torch.equal(model.copy()(points()), model(points()))


@pytest.mark.parametrize("basis", ["bspline", "jacobi(0.5, 1)"])
@pytest.mark.parametrize("base", ["identity", "zero", "silu"])
def test_a_saved_model_comes_back_as_it_was(tmp_path, basis, base):
    data = pikan.create_dataset(lambda x: torch.sin(x[:, [0]]) + x[:, [2]], n_var=3, train_num=50)
    model = pikan.KAN([3, [2, 1], [1, 1]], basis=basis, base_fun=base, dtype=torch.float32)
    labels = {f"{part}_label": data[f"{part}_label"].expand(-1, 2) for part in ("train", "test")}
    model.fit({**data, **labels}, steps=2)
    model = model.prune_input(active_inputs=[0, 2]).remove_edge(0, 0, 1)
    model = model.fix_symbolic(0, 0, 0, "sin", fit_params_bool=False)
    model = model.fix_symbolic(1, 0, 1, "x^2", fit_params_bool=False)
    model.save(tmp_path / "model.npz")
    again, x = pikan.KAN.load(tmp_path / "model.npz"), data["test_input"]
    assert torch.equal(again(x), model(x))
    assert repr(again) == repr(model)
    assert again.n_edge == model.n_edge
    assert torch.equal(again.samples, model.samples)
    assert again.fit({**data, **labels}, steps=1).best_loss <= model.fit(
        {**data, **labels}, steps=0
    ).first_loss * (1 + 1e-6)


def test_files_that_hold_no_model_are_refused_in_a_sentence(tmp_path):
    model = pikan.KAN([2, 2, 1]).fix_symbolic(0, 0, 0, "sin", fit_params_bool=False)
    with pytest.raises(ModelError, match=r"needs a name that ends in \.npz"):
        model.save(tmp_path / "model.pt")
    model.save(tmp_path / "model.npz")
    arrays = dict(np.load(tmp_path / "model.npz"))
    assert not any(array.dtype == object for array in arrays.values())
    about = json.loads(arrays["architecture"].tobytes())

    def changed(**entries):
        network = json.dumps({**json.loads(about["network"]), **entries})
        return {"architecture": {**about, "network": network}}

    worse = {
        "kinds": {"state.edge_layers.0.symbolic.kinds": np.array([999])},
        "places": {"state.edge_layers.0.symbolic.places": np.array([[7, 0]])},
        "columns": changed(inputs=[0, 5]),
        "missing": {"state.scaling.factor": None},
        "shape": {"state.scaling.factor": np.ones(3)},
        "grid": {"state.edge_layers.1.edges.basis.knots": np.zeros((2, 6))},
        "huge": changed(widths=[10**9, 1]),
        "text": {"architecture": []},
        "dtype": {"architecture": {**about, "dtype": "torch.int8"}},
    }
    for name, change in worse.items():
        made = {**arrays, **change}
        if not isinstance(made["architecture"], np.ndarray):
            text = json.dumps(made["architecture"]).encode()
            made["architecture"] = np.frombuffer(text, dtype=np.uint8)
        file = tmp_path / f"{name}.npz"
        np.savez(file, **{key: value for key, value in made.items() if value is not None})
        with pytest.raises(ModelError, match=f"load: '{name}.npz' holds no model"):
            pikan.KAN.load(file)


def test_an_own_loop_may_start_from_its_data():
    x = 100 + 20 * torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    y = 1e6 + torch.sin(x[:, [0]] / 20)
    model = pikan.KAN([2, 3, 1]).initialize_from_data(x, y)
    with torch.no_grad():
        values = model(x)
    assert float(values.mean()) == pytest.approx(float(y.mean()), abs=0.1)
    assert float(values.std()) == pytest.approx(float(y.std()), rel=0.1)
    assert not bool(model.network.layers()[0].edges.out_of_grid(x).any())
