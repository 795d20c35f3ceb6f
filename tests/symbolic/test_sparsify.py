"""Networks fitted afresh come out as simple as the values allow."""

import pytest
import torch

import pikan
from pikan.kan.arguments import ModelError
from pikan.symbolic.sparsify import sparsify


def test_a_simple_network_fits_and_has_formulas_on_its_polynomials():
    x = torch.rand(200, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = 3 + torch.sin(2 * x[:, 0]) + x[:, 1] ** 2
    live = [torch.ones(2, 2, dtype=torch.bool), torch.ones(2, 1, dtype=torch.bool)]
    simple = next(sparsify(live, x, y, seed=0))
    with torch.no_grad():
        assert float((simple(x)[:, 0] - y).abs().max()) < 1e-3
    assert (
        sum(int(layer.sum()) for layer in [layer.learned_mask() for layer in simple.layers()]) <= 2
    )
    assert sum(int(layer.sum()) for layer in [layer.mask for layer in simple.layers()]) <= 4


@pytest.mark.slow
def test_functions_of_functions_are_read_off_single_edges():
    dataset = pikan.create_dataset(
        lambda x: torch.asin(x[:, [0]] / x[:, [1]]), ranges=[(0.1, 0.9), (1, 2)], train_num=400
    )
    model = pikan.KAN([2, 1, 1]).auto_symbolic(dataset=dataset, starts=2)
    found = model.symbolic_formula(dataset=dataset)
    assert found.errors[0] < 1e-12


@pytest.mark.slow
def test_what_no_single_edge_shows_is_read_off_networks_fitted_afresh():
    dataset = pikan.create_dataset(
        lambda x: x[:, [0]] * torch.log(x[:, [1]]), ranges=[(0.1, 1), (0.5, 3)], train_num=400
    )
    model = pikan.KAN([2, 2, 1]).auto_symbolic(dataset=dataset, starts=4)
    found = model.symbolic_formula(dataset=dataset)
    assert found.errors[0] < 1e-12


@pytest.mark.slow
def test_what_has_no_formula_is_not_said_to_have_one():
    generator = torch.Generator().manual_seed(0)
    dataset = pikan.create_dataset(
        lambda x: torch.sin(2 * x[:, [0]]) + 0.1 * torch.randn(len(x), 1, generator=generator),
        n_var=1,
        train_num=60,
        test_num=100,
    )
    model = pikan.KAN([1, 1]).auto_symbolic(lib=["x", "sin"], dataset=dataset, starts=1)
    with pytest.raises(ModelError, match="holds no formula"):
        model.symbolic_formula(dataset=dataset)
