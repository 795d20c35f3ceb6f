"""The examples reach their targets for every seed."""

import pytest

pytest.importorskip("sklearn")

import examples

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", examples.SEEDS)
@pytest.mark.parametrize("name", examples.TASKS)
def test_models_classify_points_never_seen(name, seed):
    found = examples.measured(examples.TASKS[name], seed)
    assert found["accuracy"] >= examples.TARGETS[name]


@pytest.mark.parametrize("seed", examples.SEEDS)
def test_petals_are_what_matters_of_iris(seed):
    assert examples.iris(seed)["kept"] == ["petal length (cm)", "petal width (cm)"]
