import pytest
import torch

import pikan
from pikan.kan.arguments import ModelError
from pikan.kan.make import read_widths


@pytest.mark.parametrize(
    "width", [[2], [], 3, "abc", [2, 0, 1], [2, -1], [2, [1, 2, 3], 1], [[1, 1], 1], [2, 1.5]]
)
def test_widths_that_make_no_sense_are_refused(width):
    with pytest.raises(ModelError, match="KAN: width: got"):
        read_widths(width)


def test_widths_are_read_as_pykan_writes_them():
    assert read_widths([[2, 0], [5, 3], [1, 0]]) == read_widths([2, [5, 3], 1]) == (2, (5, 3), 1)


@pytest.mark.usefixtures("untyped")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"grd": 5}, "unknown argument 'grd'; did you mean 'grid'?"),
        ({"auto_save": True}, "leave out 'auto_save': pikan.KAN writes no files"),
        ({"basis": "chebychev"}, "did you mean 'chebyshev'?"),
        ({"base_fun": "relu"}, "base_fun: got 'relu'"),
        ({"grid": 0}, "^KAN: grid: got 0, needs a whole number from 1 on"),
        (
            {"grid_range": [-1, 1, 2]},
            r"grid_range: got \[-1, 1, 2\], needs a lower and an upper end",
        ),
        ({"grid_range": (0.0, float("inf"))}, "grid_range: got"),
        ({"grid_range": 3}, "grid_range: got 3"),
        ({"dtype": "float32"}, "dtype: got 'float32', needs torch.float32 or torch.float64"),
        ({"dtype": torch.bfloat16}, "dtype: got torch.bfloat16, needs torch.float32 or"),
        ({"dtype": torch.int64}, "dtype: got torch.int64, needs"),
        ({"device": "nowhere"}, "^KAN: device: got 'nowhere', needs one that torch has here"),
        ({"device": f"cuda:{torch.cuda.device_count()}"}, "device: got 'cuda:"),
        ({"k": 0}, "k: got 0"),
        ({"grid_range": (1.0, -1.0)}, "grid_range: got"),
        ({"seed": -1}, "seed: got -1"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, words):
    with pytest.raises(ModelError, match=words.replace("?", r"\?")):
        pikan.KAN([2, 1], **arguments)


@pytest.mark.parametrize("basis", ["bspline", "chebyshev", "legendre"])
@pytest.mark.parametrize("base_fun", ["silu", "identity", "zero"])
def test_the_seed_alone_makes_the_model(basis, base_fun):
    before = torch.get_rng_state()
    one, two, other = (
        pikan.KAN([2, [1, 2], 1], seed=seed, basis=basis, base_fun=base_fun) for seed in (1, 1, 2)
    )
    x = torch.rand(4, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(one(x), two(x))
    assert not torch.equal(one(x), other(x))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_identity_may_stand_beside_the_basis():
    model = pikan.KAN([1, 1], base_fun="identity")
    with torch.no_grad():
        model.network.layers()[0].weight.copy_(torch.tensor([[0.0]] * 8 + [[2.0]]))
    x = torch.tensor([[-0.5], [3.0]], dtype=torch.float64)
    assert torch.equal(model(x), 2 * x)
