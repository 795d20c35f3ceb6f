"""A KAN and perceptrons in a training loop of one's own: Adam on normal inputs, nothing else.

The function sin(x) exp(-y^2) + cos(xy) from 1,000 points of the normal distribution, no noise, all
points in each step. Mean squares at those points and at 1,000 fresh ones, medians over seeds.
Writes FOLDER/own_loop.json and FOLDER/own_loop.md.

    python scripts/own_loop.py --seeds 5 --steps 1000 --into results
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

import pikan

RATES = 1e-3, 1e-2


def perceptron(size: int) -> nn.Module:
    """Two hidden layers of `size` nodes."""
    layers = [nn.Linear(2, size), nn.Tanh(), nn.Linear(size, size), nn.Tanh(), nn.Linear(size, 1)]
    return nn.Sequential(*layers)


MODELS: dict[str, Callable[[int], nn.Module]] = {
    "KAN [2, 5, 1]": lambda seed: pikan.KAN([2, 5, 1], seed=seed),
    "KAN [2, 10, 1]": lambda seed: pikan.KAN([2, 10, 1], seed=seed),
    **{f"perceptron 2, {n}, {n}, 1": lambda _, n=n: perceptron(n) for n in (10, 16, 32, 64)},
}


def function(x: Tensor) -> Tensor:
    """What is to be learned."""
    return torch.sin(x[:, [0]]) * torch.exp(-(x[:, [1]] ** 2)) + torch.cos(x[:, [0]] * x[:, [1]])


def mean_squares(name: str, rate: float, seed: int, steps: int) -> tuple[float, float]:
    """The mean squares of what is left at the points trained on and at fresh ones."""
    torch.manual_seed(seed)
    x, fresh = torch.randn(1000, 2), torch.randn(1000, 2)
    model, y = MODELS[name](seed), function(x)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        (model(x) - y).square().mean().backward()
        optimizer.step()
    with torch.no_grad():
        left = [(model(each) - function(each)).square().mean().item() for each in (x, fresh)]
    return left[0], left[1]


def main() -> None:
    """Print the medians as they come, and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--into", type=Path, default=Path("results"))
    given = parser.parse_args()
    rows = list[dict[str, object]]()
    for name, make in MODELS.items():
        size = sum(parameter.numel() for parameter in make(0).parameters())
        for rate in RATES:
            found = [mean_squares(name, rate, seed, given.steps) for seed in range(given.seeds)]
            trained, fresh = (median(each) for each in zip(*found, strict=True))
            rows.append(
                {"model": name, "parameters": size, "rate": rate, "train": trained, "fresh": fresh}
            )
            print(f"{name:25} {size:5} {rate:g} {trained:.1e} {fresh:.1e}", flush=True)
    given.into.mkdir(parents=True, exist_ok=True)
    made = {"seeds": given.seeds, "steps": given.steps, "rows": rows}
    (given.into / "own_loop.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    lines = [
        f"Medians over {given.seeds} seeds after {given.steps} steps of Adam on all points.",
        "",
        "| model | parameters | rate | mean square at the points | at fresh points |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {row['model']} | {row['parameters']} | {row['rate']:g} | {row['train']:.1e} "
            f"| {row['fresh']:.1e} |"
            for row in rows
        ),
    ]
    (given.into / "own_loop.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
