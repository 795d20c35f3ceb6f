"""Packed values come back as they were, and what they are not is refused."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, nan, pi
from typing import NamedTuple

import numpy as np
import pytest
import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.optimize.adam import AdamState
from pikan.optimize.outcome import Kind, Outcome
from pikan.optimize.stage import StageProgress, State
from pikan.storage.file import ArchiveError, put_text, reading, writing
from pikan.storage.serialize import deserialize, get_serialized, put_serialized, serialize
from tests.stated import KINDS, random_network, stated

CPU = torch.device("cpu")
MAPPINGS = Mapping[str, Mapping[str, float]]
PROBLEM = stated("""
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [laplacian(u) = 1]
conditions: [{where: boundary, that: u = 0}]
""")


class Part(NamedTuple):
    name: str
    values: Float[Tensor, "n m"]
    flag: bool
    either: Int[Tensor, " _"] | float | int | None


@dataclass(frozen=True)
class Whole:
    parts: tuple[Part, ...]
    pair: tuple[int, str]
    state: State
    outcome: Outcome


def state(size=3):
    theta = torch.randn(size, generator=torch.Generator().manual_seed(size))
    best = StageProgress("adam", 1, 2, theta, nan, {"equation": inf, "x = 0": pi})
    return AdamState(7, theta, theta, theta, None, best)


WHOLE = Whole(
    (Part("π", torch.eye(2, dtype=torch.float64).mT[:, :1], True, None),
     Part("", torch.zeros(0, 2), False, torch.arange(3)),
     Part("1.0", torch.tensor([[-0.0, 5e-324]], dtype=torch.float64), True, 1.0),
     Part("1", torch.ones(1, 1), True, 1)),
    (-3, "None"), state(), Outcome("stalled", "no step helps"),
)  # fmt: skip


def through_file(made, tmp_path):
    with writing(tmp_path / "packed.h5") as file:
        put_serialized(file, "one", made)
    with reading(tmp_path / "packed.h5") as file:
        return get_serialized(file, "one")


def test_values_come_back_bit_by_bit_through_a_file(tmp_path):
    again = deserialize(through_file(serialize(WHOLE), tmp_path), Whole, CPU)
    assert (again.pair, again.outcome) == (WHOLE.pair, WHOLE.outcome)
    for one, other in zip(again.parts, WHOLE.parts, strict=True):
        assert (one.name, one.flag) == (other.name, other.flag)
        assert one.values.numpy().tobytes() == other.values.numpy().tobytes()
        assert type(one.either) is type(other.either)
        assert str(one.either) == str(other.either)
    assert isinstance(again.state, AdamState)
    assert again.state.multipliers is None
    assert torch.equal(again.state.best.theta, WHOLE.state.theta)
    assert list(again.state.best.blocks.items()) == [("equation", inf), ("x = 0", pi)]
    assert np.isnan(again.state.best.loss)


@pytest.mark.parametrize("kind", KINDS)
def test_networks_come_back_bit_by_bit(kind, tmp_path):
    network = random_network(kind, PROBLEM)
    again = deserialize(through_file(serialize(network), tmp_path), type(network), CPU)
    points = torch.rand(9, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.equal(again(points), network(points))


def test_what_is_packed_shares_nothing_with_what_it_was():
    theta = torch.zeros(2)
    made = serialize(theta)
    theta += 1.0
    first = deserialize(made, Float[Tensor, " p"], CPU)
    first += 2.0
    assert deserialize(made, Float[Tensor, " p"], CPU).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1, float), (1.0, int), (True, int), (1, bool), (1, str), ("1", int), (None, int),
        (0, type(None)), ((), type(None)), ((1, "2"), tuple[int, ...]),
        ((1, 2), tuple[int, int, int]),
        (torch.ones(2), Float[Tensor, "n m"]), (torch.ones(2), Int[Tensor, " n"]),
        (torch.ones(2), float | None), (1.0, Tensor), (Outcome("stalled", ""), Whole),
        (WHOLE.parts[0], Outcome), (WHOLE.parts[0], State), ({"a": 1}, Outcome), ("x", Whole),
    ],
)  # fmt: skip
def test_what_is_of_another_type_is_refused_in_one_sentence(value, kind):
    with pytest.raises((ArchiveError, ValueError), match=r"^[^\n]*$"):
        deserialize(serialize(value), kind, CPU)


def test_a_word_that_is_none_of_those_known_is_refused():
    assert deserialize(serialize("stalled"), Kind, CPU) == "stalled"
    with pytest.raises(ArchiveError):
        deserialize(serialize("perfect"), Kind, CPU)


def test_arrays_have_the_names_of_what_they_belong_to(tmp_path):
    with writing(tmp_path / "packed.h5") as file:
        put_serialized(file, "one", serialize(WHOLE))
    with reading(tmp_path / "packed.h5") as file:
        np.testing.assert_array_equal(file["one/state/theta"], WHOLE.state.theta)
        np.testing.assert_array_equal(file["one/parts/0/values"], WHOLE.parts[0].values)


@pytest.mark.parametrize("text", [[{"<array>": "0"}] * 2, [{"<array>": "1"}], [{"<array>": [0]}]])
def test_an_array_that_is_not_there_or_is_taken_already_makes_no_tensor(tmp_path, text):
    path = tmp_path / "packed.h5"
    with writing(path) as file:
        put_text(file, "one/json", json.dumps(text))
        file["one/0"] = np.zeros(2)
    with pytest.raises(ArchiveError, match=r"^[^\n]*$"), reading(path) as file:
        deserialize(get_serialized(file, "one"), tuple[Float[Tensor, " n"], ...], CPU)


def test_a_mapping_may_have_any_keys(tmp_path):
    given = {"class": 1.0, "<array>": 2.0, "shape": 3.0, "a/b": 4.0}
    again = deserialize(through_file(serialize({"x": given}), tmp_path), MAPPINGS, CPU)
    assert again == {"x": given}


def test_a_single_changed_bit_is_found(tmp_path):
    path = tmp_path / "packed.h5"
    with writing(path) as file:
        put_serialized(file, "one", serialize(WHOLE))
    content = path.read_bytes()
    number = WHOLE.state.theta.numpy().tobytes()
    assert number in content
    path.write_bytes(content.replace(number, bytes([number[0] ^ 1]) + number[1:]))
    with pytest.raises(ArchiveError, match="damaged"), reading(path):
        pass
