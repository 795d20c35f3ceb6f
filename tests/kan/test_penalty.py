"""What a penalty on edges leads to."""

import pytest
import torch

from pikan import KAN, create_dataset


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_penalty_leaves_the_smallest_network_from_every_start(seed):
    def f(x):
        return torch.exp(torch.sin(torch.pi * x[:, [0]]) + x[:, [1]] ** 2)

    model = KAN(width=[2, 5, 1], grid=3, k=3, seed=seed)
    model.fit(create_dataset(f, n_var=2, train_num=500), opt="LBFGS", steps=40, lamb=0.001)
    assert model.prune().width == [2, 1, 1]
