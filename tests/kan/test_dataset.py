import numpy as np
import pytest
import torch

import pikan
from pikan.kan.arguments import ModelError
from pikan.kan.dataset import check_dataset

LIKE = torch.zeros(1)


def product(x: torch.Tensor) -> torch.Tensor:
    return x[:, 0] * x[:, 1]


def test_labels_are_the_function_of_the_inputs():
    data = pikan.create_dataset(product, train_num=20, test_num=10)
    for part, count in (("train", 20), ("test", 10)):
        x, y = data[f"{part}_input"], data[f"{part}_label"]
        assert y.shape == (count, 1)
        assert torch.equal(y[:, 0], product(x))


def test_points_lie_in_their_ranges():
    x = pikan.create_dataset(product, ranges=[[0, 1], [-3, -2]])["train_input"]
    assert bool(((x >= torch.tensor([0, -3])) & (x <= torch.tensor([1, -2]))).all())
    assert float(x[:, 0].mean()) == pytest.approx(0.5, abs=0.05)


def test_a_function_of_rows_gives_the_same_data():
    by_column = pikan.create_dataset(lambda x: x[:, [0]] - x[:, [1]])
    by_row = pikan.create_dataset(lambda x: x[0] - x[1], f_mode="row")
    assert all(torch.equal(by_column[name], by_row[name]) for name in by_column)


def test_a_seed_makes_the_data_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    one, two, other = (pikan.create_dataset(product, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(one["test_input"], two["test_input"])
    assert not torch.equal(one["test_input"], other["test_input"])
    assert torch.equal(torch.get_rng_state(), before)


def test_normalized_data_has_mean_zero_and_spread_one():
    data = pikan.create_dataset(product, normalize_input=True, normalize_label=True)
    for name in ("train_input", "train_label"):
        torch.testing.assert_close(data[name].mean(dim=0), torch.zeros_like(data[name][0]))
        torch.testing.assert_close(data[name].std(dim=0), torch.ones_like(data[name][0]))


def test_arrays_and_tables_give_the_data_that_tensors_give():
    pandas = pytest.importorskip("pandas")
    x, y = np.random.default_rng(0).random((2, 12))
    table = pandas.DataFrame({"x": x, "y": y, "u": x * y})
    inputs = np.stack([x, y], axis=1)
    wanted = pikan.create_dataset_from_data(torch.tensor(inputs), torch.tensor(x * y))
    for given in ((inputs, x * y), (table[["x", "y"]], table["u"])):
        data = pikan.create_dataset_from_data(*given)
        assert all(torch.equal(data[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("inputs", [["a", "b"], [[1.0], [1.0, 2.0]], {"x": 1}])
def test_what_holds_no_numbers_is_no_data(inputs):
    with pytest.raises(ModelError, match="needs a tensor of numbers"):
        pikan.create_dataset_from_data(inputs, torch.zeros(2))


def test_data_is_parted_without_loss():
    inputs = torch.arange(10.0).reshape(-1, 1)
    data = pikan.create_dataset_from_data(inputs, 2 * inputs, train_ratio=0.7)
    together = torch.cat([data["train_input"], data["test_input"]])
    assert torch.equal(together.sort(dim=0).values, inputs)
    assert torch.equal(data["test_label"], 2 * data["test_input"])
    assert len(data["train_input"]) == 7


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"train_input": torch.zeros(5, 3)},
            r"train_input: got shape \[5, 3\], needs \[points, 2\]",
        ),
        ({"test_label": torch.zeros(4, 2)}, r"test_label: got shape \[4, 2\], needs \[4, 1\]"),
        ({"train_label": torch.zeros(6, 1)}, "got 6 rows for 5 rows of points"),
        ({"train_label": torch.tensor([[0.0]] * 4 + [[torch.nan]])}, "1 of 5 rows hold NaN"),
        ({"test_input": torch.full((4, 2), torch.inf)}, "4 of 4 rows hold NaN or infinity"),
    ],
)
def test_data_that_does_not_suit_is_refused_in_a_sentence(change, words):
    data = {
        "train_input": torch.zeros(5, 2),
        "train_label": torch.zeros(5, 1),
        "test_input": torch.zeros(4, 2),
        "test_label": torch.zeros(4, 1),
    }
    with pytest.raises(ModelError, match=words):
        check_dataset({**data, **change}, 2, 1, LIKE)


def test_a_dataset_without_a_part_is_refused():
    with pytest.raises(ModelError, match="no 'test_input'"):
        check_dataset({"train_input": LIKE, "train_label": LIKE}, 1, 1, LIKE)


@pytest.mark.parametrize(
    ("labels", "share", "words"),
    [
        (torch.zeros(4, 1), 0.5, "got 5 inputs and 4 labels, needs as many of one as of the other"),
        (torch.zeros(5, 1), 0.1, "train_ratio: got 0.1 of 5 points, needs to leave some to train"),
        (torch.zeros(5, 1), 1.0, "train_ratio: got 1.0 of 5 points"),
    ],
)
def test_data_that_cannot_be_parted_is_refused(labels, share, words):
    with pytest.raises(ModelError, match=words):
        pikan.create_dataset_from_data(torch.zeros(5, 2), labels, train_ratio=share)


def test_a_function_with_labels_of_no_shape_is_refused():
    with pytest.raises(ModelError, match=r"f: got shape \[2\] for \d+ points"):
        pikan.create_dataset(lambda _: torch.zeros(2))


def test_classes_stay_whole_numbers_and_values_take_the_precision_of_the_model():
    labels = torch.tensor([0, 1, 2])
    points = torch.zeros(3, 1)
    data = dict(zip(("train_input", "test_input"), (points, points), strict=True))
    data |= {"train_label": labels, "test_label": labels}
    ready = check_dataset(data, 1, None, LIKE.double())
    assert ready.train_label.dtype == torch.int64
    assert ready.train_input.dtype == torch.float64


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"f_mode": "rows"}, "did you mean 'row'"),
        ({"ranges": (1, -1)}, "ranges: got"),
        ({"n_var": 0}, "n_var: got 0, needs a whole number from 1 on"),
    ],
)
def test_ranges_and_modes_that_make_no_sense_are_refused(call, words):
    with pytest.raises(ModelError, match=words):
        pikan.create_dataset(product, **call)
