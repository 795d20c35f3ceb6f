"""Functions of one's own stand on edges as those of the library do."""

import pytest
import torch
from scipy.special import j1

import pikan
from pikan.kan.arguments import ModelError
from pikan.network import symbolic_functions


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    monkeypatch.setattr(symbolic_functions, "_ADDED", {})


def test_a_function_of_ones_own_is_found_and_written_and_kept(tmp_path):
    pikan.add_symbolic("bump", _bump, c=2)
    dataset = pikan.create_dataset(
        lambda x: 3 * _bump(2 * x) - 1, n_var=1, seed=0, dtype=torch.float64
    )
    model = pikan.KAN([1, 1], grid=20, dtype=torch.float64)
    model.fit(dataset, opt="LM", steps=5, quiet=True)
    read = model.auto_symbolic(lib=["x", "bump"], dataset=dataset)
    formula = read.symbolic_formula(["x"], dataset=dataset)
    assert str(formula.expressions[0]) == "3*bump(2*x) - 1"
    assert formula.errors[0] < 1e-12
    read.save(tmp_path / "model.npz")
    points = dataset["test_input"]
    assert torch.equal(pikan.KAN.load(tmp_path / "model.npz")(points), read(points))
    symbolic_functions._ADDED.clear()
    with pytest.raises(ModelError, match=r"pikan\.add_symbolic"):
        pikan.KAN.load(tmp_path / "model.npz")


def test_pykans_example_of_a_bessel_function_has_derivatives():
    pikan.add_symbolic("Bessel", torch.special.bessel_j0)
    x = torch.linspace(0.5, 3, 7, dtype=torch.float64)
    slopes = symbolic_functions.activation("Bessel")(x, 1)[1]
    torch.testing.assert_close(slopes, -torch.from_numpy(j1(x.numpy())), rtol=1e-13, atol=1e-14)


def test_derivatives_of_any_order_go_on_to_what_a_function_is_taken_of():
    cube = symbolic_functions.differentiable(lambda x: x**3)
    x = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    rows = cube(x, 4)
    assert rows[:, 0].tolist() == [8, 12, 12, 6, 0]
    assert torch.autograd.grad(rows[1].sum(), x)[0].item() == 12


def _bump(x):
    return 1 / (2 + torch.cos(3 * x) * x)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sin", torch.sin), "in the library"),
        (("my f", torch.sin), "letters, digits"),
        (("f", lambda x: x.sum()), "another shape"),
        (("f", lambda x: x.numpy() ** 2), "differentiated"),
        (("f", torch.sin, -1), "c: got -1"),
    ],
)
def test_functions_that_will_not_do_are_refused_in_a_sentence(arguments, words):
    with pytest.raises(ModelError, match=words):
        pikan.add_symbolic(*arguments)
