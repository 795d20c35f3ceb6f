"""Rows dealt out to two processes are added, gathered and solved as those of one are."""

import multiprocessing
import os
from datetime import timedelta

import pytest
import torch
import torch.distributed as dist

from pikan.linalg import distributed
from pikan.linalg.jacobian import DenseJacobian
from pikan.linalg.row_partition import RowPartition

PROCESSES = 2


def inside(work, rank, folder):
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    place = f"file://{folder}/meet"
    # Where the other one has failed nobody waits for long.
    patience = timedelta(seconds=30)
    dist.init_process_group(
        "gloo", init_method=place, rank=rank, world_size=PROCESSES, timeout=patience
    )
    try:
        return work(rank)
    finally:
        dist.destroy_process_group()


def keep(work, folder):
    torch.set_num_threads(1)
    torch.save(inside(work, 1, folder), f"{folder}/found.pt")


def together(work, folder):
    """What a function of the rank comes back with in this process and in a fork of it."""
    fork = multiprocessing.get_context("fork").Process(target=keep, args=(work, folder))
    fork.start()
    found = inside(work, 0, folder)
    fork.join(60)
    assert fork.exitcode == 0
    return [found, torch.load(folder / "found.pt")]


def tall():
    """A Jacobian, a residual and scales, the same in every process."""
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(9, 6, generator=generator, dtype=torch.float64)
    return drawn[:, :4], drawn[:, 4], 0.5 + drawn[:4, 5].abs()


def test_one_process_alone_is_all_there_is():
    assert (distributed.count(), distributed.rank()) == (1, 0)
    assert not distributed.any_process(False)
    assert distributed.any_process(True)
    assert torch.equal(distributed.total(torch.arange(3.0)), torch.arange(3.0))


def test_sums_gathers_and_agreement_are_those_of_all_processes(tmp_path):
    def work(rank):
        own = torch.tensor([1.0, 10.0]) * (rank + 1)
        rows = torch.tensor([rank, rank + 2])
        return (
            distributed.count(),
            distributed.rank(),
            distributed.total(own),
            distributed.gather(own, rows, 4),
            [distributed.any_process(flag) for flag in (rank == 1, False, True)],
        )

    for rank, (count, own_rank, total, gathered, agreed) in enumerate(together(work, tmp_path)):
        assert (count, own_rank) == (2, rank)
        assert total.tolist() == [3.0, 30.0]
        assert gathered.tolist() == [1.0, 2.0, 10.0, 20.0]
        assert agreed == [True, False, True]


def test_gradients_through_assembled_rows_are_those_of_one_process(tmp_path):
    matrix, target, _ = tall()

    def work(rank):
        theta = torch.ones(4, dtype=torch.float64).requires_grad_()
        rows = torch.arange(9)[rank::PROCESSES]
        own = matrix[rows] @ distributed.sum_gradients(theta) - target[rows]
        residual = distributed.assemble(own, rows, 9)
        (gradient,) = torch.autograd.grad(0.5 * residual.square().sum(), theta)
        return residual.detach(), gradient

    expected = matrix.sum(dim=1) - target
    one, other = together(work, tmp_path)
    for residual, gradient in (one, other):
        torch.testing.assert_close(residual, expected, rtol=1e-13, atol=1e-13)
        torch.testing.assert_close(gradient, matrix.T @ expected, rtol=1e-13, atol=1e-13)
    assert torch.equal(one[1], other[1])


@pytest.mark.parametrize("damping", [0.0, 0.3])
def test_steps_and_lengths_are_those_of_the_whole_jacobian(tmp_path, damping):
    matrix, residual, scale = tall()

    def work(rank):
        partition = RowPartition(
            torch.arange(9)[rank::PROCESSES], lambda theta: matrix[rank::PROCESSES]
        )
        jacobian = partition.at(torch.zeros(4), len(matrix))
        A, b = jacobian.system(residual)
        step = torch.linalg.lstsq(A, -b).solution
        return (
            jacobian.row_lengths(),
            jacobian.column_lengths(),
            jacobian.model(residual, scale).step(damping),
            step,
        )

    whole = DenseJacobian(matrix)
    expected = (
        whole.row_lengths(),
        whole.column_lengths(),
        whole.model(residual, scale).step(damping),
        torch.linalg.lstsq(matrix, -residual).solution,
    )
    for found in together(work, tmp_path):
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
