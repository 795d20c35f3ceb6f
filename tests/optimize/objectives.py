"""Small objectives with known answers, and the running of a stage to its end."""

import torch

from pikan.optimize.objective import Block, LeastSquares


def objective(residual, rows, last_layer=None, linear=False):
    """An objective of one block, its Jacobian by forward differentiation."""
    blocks = (Block("all", slice(0, rows)),)
    return LeastSquares(residual, torch.func.jacfwd(residual), blocks, last_layer, linear)


def rosenbrock(size, factor=1.0):
    """The chain of Rosenbrock residuals; the least is zero, at ones."""

    def residual(theta):
        return factor * torch.cat([10.0 * (theta[1:] - theta[:-1] ** 2), 1.0 - theta[:-1]])

    return objective(residual, 2 * (size - 1))


def affine(matrix, right):
    """matrix · θ - right, in two blocks of rows; all of θ is the last layer."""
    half = len(right) // 2
    blocks = (Block("upper", slice(0, half)), Block("lower", slice(half, len(right))))
    return LeastSquares(
        lambda theta: matrix @ theta - right,
        lambda theta: matrix,
        blocks,
        slice(0, matrix.shape[1]),
        linear=True,
    )


def finish(stage, objective, start):
    """All that the stage yields, and its outcome."""
    run, states = stage.run(objective, start), []
    while True:
        try:
            states.append(next(run))
        except StopIteration as end:
            return states, end.value
