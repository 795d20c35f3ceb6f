"""How well pikan's models classify the data that ship with scikit-learn, for three seeds.

python scripts/examples.py writes results/examples.json. A seed is that of the split in data to
train on and to test on, of the start, and of the batches.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Shaped
from sklearn.datasets import load_digits, load_iris, make_moons
from sklearn.utils import Bunch
from torch.nn.functional import cross_entropy

import pikan
from pikan.files.atomic import write_text
from pikan.kan.dataset import Dataset

SEEDS = (0, 1, 2)
FILE = Path(__file__).resolve().parent.parent / "results" / "examples.json"
TARGETS = {"iris": 0.96, "moons": 0.99, "digits": 0.97}

Measured = Mapping[str, float | list[str]]


def iris(seed: int) -> Measured:
    """Iris by sums of functions of single features, and the features left after pruning."""
    data = _loaded(load_iris)
    dataset = _standardized(data["data"], data["target"], seed)
    model = pikan.KAN([4, 3], grid=3, k=3, seed=seed)
    model.fit(dataset, steps=10, lamb=0.01, loss_fn=cross_entropy, quiet=True)
    small = model.prune_input(threshold=0.2)
    small.fit(dataset, steps=10, lamb=0.01, loss_fn=cross_entropy, quiet=True)
    kept = [data["feature_names"][column] for column in small.network.inputs]
    return {"accuracy": accuracy(model, dataset), "pruned": accuracy(small, dataset), "kept": kept}


def moons(seed: int) -> Measured:
    """Two moons with noise 0.1."""
    places, kinds = map(np.asarray, make_moons(1000, noise=0.1, random_state=seed))
    dataset = _standardized(places, kinds, seed)
    model = pikan.KAN([2, 2], grid=5, k=3, seed=seed)
    model.fit(dataset, steps=10, lamb=0.001, loss_fn=cross_entropy, quiet=True)
    return {"accuracy": accuracy(model, dataset)}


def digits(seed: int, steps: int = 500) -> Measured:
    """Digits of 8 x 8 pixels by AdamW."""
    data = _loaded(load_digits)
    inputs = torch.as_tensor(data["data"] / 16, dtype=torch.float32)
    dataset = pikan.create_dataset_from_data(inputs, torch.as_tensor(data["target"]), seed=seed)
    model = pikan.KAN([64, 32, 10], grid=3, k=3, seed=seed, dtype=torch.float32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    generator = torch.Generator().manual_seed(seed)
    images, labels = dataset["train_input"], dataset["train_label"]
    for _ in range(steps):
        rows = torch.randint(len(images), (128,), generator=generator)
        optimizer.zero_grad()
        # Noise on the images, for else the network learns those few by heart.
        noise = 0.15 * torch.randn(images[rows].shape, generator=generator)
        cross_entropy(model(images[rows] + noise), labels[rows]).backward()
        optimizer.step()
        schedule.step()
    return {"accuracy": accuracy(model, dataset)}


def accuracy(model: pikan.KAN, dataset: Dataset) -> float:
    """The share of points to test on of which the kind is right."""
    with torch.no_grad():
        kinds = model(dataset["test_input"]).argmax(dim=1)
    return float((kinds == dataset["test_label"]).double().mean())


def _loaded(load: Callable[[], object]) -> Bunch:
    """A data set by its columns; scikit-learn would also give it as a pair."""
    data = load()
    assert isinstance(data, Bunch)
    return data


def _standardized(
    inputs: Float[np.ndarray, "n d"], kinds: Shaped[np.ndarray, " n"], seed: int
) -> Dataset:
    points = torch.as_tensor(inputs)
    points = (points - points.mean(dim=0)) / points.std(dim=0)
    return pikan.create_dataset_from_data(points, torch.as_tensor(kinds), seed=seed)


def measured(task: Callable[[int], Measured], seed: int) -> Measured:
    """What a task gives, and the seconds that it takes."""
    start = time.perf_counter()
    found = task(seed)
    return {"seed": seed, **found, "seconds": round(time.perf_counter() - start, 2)}


TASKS: Mapping[str, Callable[[int], Measured]] = {"iris": iris, "moons": moons, "digits": digits}


def main() -> None:
    """All tasks for all seeds, into a file and on the screen."""
    table = {name: [measured(task, seed) for seed in SEEDS] for name, task in TASKS.items()}
    told = {name: {"target": TARGETS[name], "runs": runs} for name, runs in table.items()}
    write_text(FILE, json.dumps(told, indent=1) + "\n")
    for name, runs in table.items():
        print(name, *runs, sep="\n  ")


if __name__ == "__main__":
    main()
