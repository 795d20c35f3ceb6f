"""pykan by its own example: a KAN of cubic splines, L-BFGS, grids of 5, 10 and 20 cells.

Source: pykan's Example 7, Solving Partial Differential Equation, which solves the Poisson problem;
its settings serve the other two problems as well. A grid ends after the example's 50 steps or its
third of the time, so that each gets its turn; the last goes on for as long as there is time.
"""

from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import torch
from kan import KAN, LBFGS
from torch import Tensor

from peers.task import ALPHA, NU, Answer, Array, Clock, Task, answer

_GRIDS = (5, 10, 20)
_STEPS = 50
# Points along each coordinate, inside and on the boundary.
_POINTS = 51
_INSIDE_WEIGHT = 0.01
_SEED = 3

Residual = Callable[[Tensor, Tensor], Tensor]


def work(task: Task) -> Answer:
    """Train as the example does, for as long as there is time."""
    clock = Clock(task)
    seed = _SEED + task.seed
    model = KAN(width=[2, 2, 1], grid=_GRIDS[0], k=3, seed=seed, auto_save=False).speed()
    inside, there, truth = points(task.problem)
    residual = {"poisson": poisson, "heat": heat, "burgers": burgers}[task.problem]
    end = ""
    for turn, grid in enumerate(_GRIDS):
        if turn:
            # The example says `save_plot_data`, which pykan 0.2.8 calls `save_act`: it needs to be
            # set after `speed()`, or there is nothing to refine from.
            model.save_act = True
            model.get_act(inside)
            model = model.refine(grid).speed()
        last = turn + 1 == len(_GRIDS)
        until = task.seconds * (turn + 1) / len(_GRIDS)
        try:
            train(model, Training(residual, inside, there, truth), clock, None if last else until)
        except UnboundLocalError:
            # Its `curve2coef` has no coefficients to return where it prints 'lstsq failed'.
            end = f"; ended by a failing fit on {grid} cells"
            break
        if clock.over():
            break
    drawn = f"{_POINTS}x{_POINTS} points"
    return Answer(
        clock.trace,
        f"KAN [2, 2, 1] of cubic splines, grids {list(_GRIDS)}, {drawn}, L-BFGS{end}",
        "pykan, Example 7",
        version("pykan"),
        "float32",
        sum(weights.numel() for weights in model.parameters() if weights.requires_grad),
    )


class Training:
    """The loss of the example: 0.01 of the mean square inside, and that on the boundary."""

    def __init__(self, residual: Residual, inside: Tensor, there: Tensor, truth: Tensor) -> None:
        self.inside = inside
        self._residual = residual
        self._there = there
        self._truth = truth

    def loss(self, model: KAN) -> Tensor:
        """The number to be made small."""
        places = self.inside.clone().requires_grad_()
        inside = self._residual(places, model(places)).square().mean()
        missed = (model(self._there) - self._truth).square().mean()
        return _INSIDE_WEIGHT * inside + missed


def train(model: KAN, training: Training, clock: Clock, until: float | None) -> None:
    """L-BFGS on one grid, to the end of its steps or its time; to the end of all time if None."""
    tiny = 1e-32
    optimizer = LBFGS(
        model.parameters(),
        lr=1,
        history_size=10,
        line_search_fn="strong_wolfe",
        tolerance_grad=tiny,
        tolerance_change=tiny,
        tolerance_ys=tiny,
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = training.loss(model)
        loss.backward()
        return loss

    def evaluate(places: Array) -> Array:
        with torch.no_grad():
            return model(torch.as_tensor(places, dtype=torch.float32)).numpy().astype(np.float64)

    def ended(step: int) -> bool:
        return until is not None and (step >= _STEPS or clock.seconds() >= until)

    step = 0
    while not clock.look(evaluate) and not ended(step):
        if step % 5 == 0 and step < 20:
            model.update_grid_from_samples(training.inside)
        optimizer.step(closure)
        step += 1


def points(problem: str) -> tuple[Tensor, Tensor, Tensor]:
    """A mesh inside, the points of the conditions, and the values there."""
    left, below = {"poisson": (-1.0, -1.0), "heat": (0.0, 0.0), "burgers": (-1.0, 0.0)}[problem]
    x, second = torch.linspace(left, 1, _POINTS), torch.linspace(below, 1, _POINTS)
    inside = torch.cartesian_prod(x, second)
    faces = [torch.cartesian_prod(torch.tensor([end]), second) for end in (left, 1.0)]
    faces.append(torch.cartesian_prod(x, torch.tensor([below])))
    if problem == "poisson":
        faces.append(torch.cartesian_prod(x, torch.tensor([1.0])))
    values = [torch.zeros(len(face), 1) for face in faces]
    if problem != "poisson":
        values[2] = (1 if problem == "heat" else -1) * torch.sin(torch.pi * faces[2][:, :1])
    return inside, torch.cat(faces), torch.cat(values)


def poisson(x: Tensor, u: Tensor) -> Tensor:
    """u_xx + u_yy + 2 π² sin(πx) sin(πy)."""
    sines = torch.sin(torch.pi * x[:, 0]) * torch.sin(torch.pi * x[:, 1])
    slopes = gradient(u, x)
    curved = gradient(slopes[:, 0], x)[:, 0] + gradient(slopes[:, 1], x)[:, 1]
    return curved + 2 * torch.pi**2 * sines


def heat(x: Tensor, u: Tensor) -> Tensor:
    """u_t - α u_xx."""
    slopes = gradient(u, x)
    return slopes[:, 1] - ALPHA * gradient(slopes[:, 0], x)[:, 0]


def burgers(x: Tensor, u: Tensor) -> Tensor:
    """u_t + u u_x - ν u_xx."""
    slopes = gradient(u, x)
    return slopes[:, 1] + u[:, 0] * slopes[:, 0] - NU * gradient(slopes[:, 0], x)[:, 0]


def gradient(values: Tensor, x: Tensor) -> Tensor:
    """The gradient of each value at its own point, itself differentiable."""
    return torch.autograd.grad(values.sum(), x, create_graph=True)[0]


if __name__ == "__main__":
    answer(work)
