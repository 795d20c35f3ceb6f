import jaxtyping
import pytest
import torch

import pikan


def formula(x: torch.Tensor) -> torch.Tensor:
    """The function that Liu et al. 2024 begin with."""
    return torch.exp(torch.sin(torch.pi * x[:, [0]]) + x[:, [1]] ** 2)


@pytest.fixture(scope="module")
def dataset():
    return pikan.create_dataset(formula, n_var=2, train_num=300, test_num=200)


@pytest.fixture(scope="module")
def _sparse(dataset):
    model = pikan.KAN([2, 3, 1], seed=1)
    model.fit(dataset, steps=15, lamb=0.01)
    return model


@pytest.fixture
def sparse(_sparse):
    """A model that a penalty has left with few edges that matter."""
    from copy import deepcopy

    return deepcopy(_sparse)


@pytest.fixture
def untyped():
    """Calls are taken as a user's are: nothing looks at their types before pikan does."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(autouse=True, scope="module")
def _double():
    """Most of these tests are about digits that single precision does not have."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)
