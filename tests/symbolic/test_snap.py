"""From learned edges to formulas and back, with nothing lost on the way and nothing quiet."""

from math import pi

import pytest
import sympy
import torch

import pikan
from pikan.kan.arguments import ModelError
from pikan.symbolic.snap import symbolic_edges

LIB = ["x", "x^2", "x^3", "exp", "log", "sqrt", "sin", "tanh"]


@pytest.fixture(scope="module")
def fitted(dataset):
    model = pikan.KAN([2, 1, 1], grid=6, seed=0)
    model.fit(dataset, opt="LM", steps=40, quiet=True)
    return model


@pytest.fixture(scope="module")
def read(fitted, dataset):
    return fitted.auto_symbolic(lib=LIB, dataset=dataset)


def test_the_formula_of_the_first_figure_is_recovered_exactly(read, dataset):
    found = read.symbolic_formula(var=["x", "y"], dataset=dataset)
    x, y = sympy.symbols("x y")
    assert found[0][0] == sympy.exp(sympy.sin(sympy.pi * x) + y**2)
    assert found.errors[0] < 1e-14
    names = {tuple(edge): formula.name for edge, formula in found.edges}
    assert names == {(0, 0, 0): "sin", (0, 1, 0): "x^2", (1, 0, 0): "exp"}
    assert all(0.999 < formula.r2 <= 1 for _, formula in found.edges)


def test_nothing_is_changed_in_place(fitted, read):
    assert symbolic_edges(fitted.network) == ()
    assert len(symbolic_edges(read.network)) == 3


def test_the_formula_is_the_model_at_fresh_points_to_its_stated_error(read):
    found = read.symbolic_formula(ex_round=3)
    generator = torch.Generator().manual_seed(5)
    x = 2 * torch.rand(400, 2, generator=generator, dtype=torch.float64) - 1
    function = sympy.lambdify(found.variables, found.expressions[0], "numpy")
    with torch.no_grad():
        truth = read(x)[:, 0]
    away = torch.from_numpy(function(*x.numpy().T)) - truth
    assert float(away.norm() / truth.norm()) == pytest.approx(found.errors[0], rel=0.3, abs=1e-13)


def test_formulas_are_suggested_best_first_with_their_complexity(fitted):
    table = fitted.suggest_symbolic(0, 0, 0, topk=3)
    assert len(table) == 3
    assert table[0].name in {"sin", "cos"}
    assert table[0].r2 > 0.9999 > table[2].r2
    assert table[0].numbers.a == pytest.approx(pi, rel=1e-2)
    assert repr(table).startswith("function")
    only = fitted.suggest_symbolic(0, 0, 0, lib=["x", "exp"])
    assert {row.name for row in only.rows} == {"x", "exp"}


def test_snapping_an_edge_keeps_the_values_as_well_as_its_r2_says(fitted, dataset):
    x = dataset["train_input"]
    snapped = fitted.fix_symbolic(0, 1, 0, "x^2")
    before, after = fitted.get_act(x)[0].edges[:, 1, 0], snapped.get_act(x)[0].edges[:, 1, 0]
    ((_, formula),) = symbolic_edges(snapped.network)
    left = float((after - before).square().mean() / before.var(correction=0))
    assert 1 - formula.r2 == pytest.approx(left, rel=1e-3, abs=1e-14)
    assert left < 1e-4


def test_unfixing_gives_back_what_was_learned(fitted, dataset):
    x = dataset["test_input"]
    back = fitted.fix_symbolic(0, 0, 0, "sin").unfix_symbolic(0, 0, 0)
    with torch.no_grad():
        assert torch.equal(back(x), fitted(x))


def test_without_fitting_the_numbers_are_one_and_zero(fitted):
    model = fitted.fix_symbolic(0, 0, 0, "exp", fit_params_bool=False)
    ((_, formula),) = symbolic_edges(model.network)
    assert formula.numbers == (1.0, 0.0, 1.0, 0.0)


def test_a_poor_formula_is_said_to_be_poor(fitted):
    with pytest.warns(UserWarning, match="explains 0.[56]"):
        fitted.fix_symbolic(0, 0, 0, "x")


def test_formulas_train_with_the_rest(fitted, dataset):
    model = fitted.fix_symbolic(0, 0, 0, "sin").fix_symbolic(0, 1, 0, "x^2")
    before = [formula.numbers for _, formula in symbolic_edges(model.network)]
    history = model.fit(dataset, opt="LM", steps=5, quiet=True, update_grid=False)
    after = [formula.numbers for _, formula in symbolic_edges(model.network)]
    assert before != after
    assert history["train_loss"][-1] < 2e-3
    history = model.fit(dataset, opt="LBFGS", steps=3, quiet=True, update_grid=False)
    assert history["train_loss"][-1] < history["train_loss"][0] * 1.001


def test_formulas_go_along_when_the_network_changes(read, dataset):
    x = dataset["test_input"]
    with torch.no_grad():
        values = read(x)
        for changed in (read.expand_width(1, 2), read.expand_depth(), read.refine(9), read.prune()):
            torch.testing.assert_close(changed(x), values)
        wide = read.expand_width(1, 1).prune_node(active_neurons_id=[[0]])
        torch.testing.assert_close(wide(x), values)
        assert len(symbolic_edges(wide.network)) == 3
        cut = read.remove_edge(0, 0, 0).get_act(x)[0].sums
        full = read.get_act(x)[0]
        lost = read.get_act()[0].edges[:, 0, 0].mean()
        torch.testing.assert_close(cut, full.sums - full.edges[:, 0] + lost)


def test_edges_with_formulas_are_red(read, fitted):
    from io import BytesIO

    from matplotlib.pyplot import imread

    def red(model):
        image = imread(BytesIO(model.plot()._repr_png_()))
        return float((image[..., 0] - image[..., 1] > 0.3).mean())

    assert red(fitted) == 0.0
    assert red(read) > 1e-3


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda m: m.fix_symbolic(0, 0, 0, "sine"), "did you mean 'sin'"),
        (lambda m: m.fix_symbolic(0, 5, 0, "sin"), "no edge"),
        (lambda m: m.unfix_symbolic(0, 0, 0), "holds no formula"),
        (lambda m: m.suggest_symbolic(0, 0, 0, lib=["x^^2"]), "did you mean 'x\\^2'"),
        (lambda m: m.suggest_symbolic(0, 0, 0, topk=0), "whole number from 1"),
        (lambda m: m.auto_symbolic(lib=["foo"]), "needs one of"),
        (lambda m: m.auto_symbolic(a_range=(-5, 5)), "leave out 'a_range'"),
        (lambda m: m.symbolic_formula(), "auto_symbolic"),
        (lambda m: m.remove_edge(0, 0, 0).fix_symbolic(0, 0, 0, "sin"), "has been cut"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(fitted, call, sentence):
    with pytest.raises(ModelError, match=sentence) as refused:
        call(fitted)
    assert "\n" not in str(refused.value)


def test_a_formula_needs_a_name_for_every_input(read):
    with pytest.raises(ModelError, match="got 1 names, needs 2"):
        read.symbolic_formula(var=["x"])


def test_a_bessel_function_is_recognized():
    special = pytest.importorskip("scipy.special")
    dataset = pikan.create_dataset(
        lambda x: torch.from_numpy(special.j0(20 * x.numpy())), n_var=1, train_num=500
    )
    model = pikan.KAN([1, 1], grid=40)
    model.fit(dataset, opt="LM", steps=5, quiet=True)
    symbolic = model.auto_symbolic(lib=["x", "sin", "bessel_j0"], dataset=dataset)
    found = symbolic.symbolic_formula(var=["x"], dataset=dataset)
    assert found[0][0] == sympy.besselj(0, 20 * sympy.Symbol("x"))
    assert found.errors[0] < 1e-14
