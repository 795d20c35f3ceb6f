"""Makes the pictures of the documentation: each problem in problems/, and a KAN.

python scripts/gallery.py [NAME ...]     # those named, else all; into docs/pictures
"""

import sys
from pathlib import Path

import torch

import pikan
from pikan.problem.family import inner_values

ROOT = Path(__file__).resolve().parents[1]
# In problems/; the other folders there hold the same problems, sweeps or operators.
FOLDERS = ".", "shapes", "rough", "energies", "unknowns", "families"
INTO = ROOT / "docs" / "pictures"
DOTS = 110.0


def problem_picture(file: Path) -> None:
    """The solution of a problem file: the unknowns alone, as wide as a page.

    Of a family it is one member, with parameters inside of their intervals.
    """
    solution = pikan.solve(file)
    if solution.problem.parameters:
        solution = solution.at(**inner_values(solution.problem.parameters))
    figure = solution.plot(solution.problem.unknowns, width="page")
    assert figure is not None
    figure.save(INTO / f"{file.stem}.png", dpi=DOTS)


def kan_picture() -> None:
    """A KAN that has found exp(sin(pi x) + y^2), with its formula on the edges."""

    def labels(points: torch.Tensor) -> torch.Tensor:
        return torch.exp(torch.sin(torch.pi * points[:, [0]]) + points[:, [1]] ** 2)

    dataset = pikan.create_dataset(labels, n_var=2)
    model = pikan.KAN(width=[2, 1, 1], grid=5, k=3, seed=0)
    model.fit(dataset, opt="LM", steps=50)
    found = model.auto_symbolic(dataset=dataset)
    figure = found.plot(in_vars=["$x$", "$y$"], out_vars=["$e^{\\sin(\\pi x) + y^2}$"], scale=0.4)
    assert figure is not None
    figure.save(INTO / "kan.png", dpi=DOTS)


def main() -> None:
    """Make the pictures that the command line names, or all of them."""
    INTO.mkdir(parents=True, exist_ok=True)
    files = [
        one for folder in FOLDERS for one in sorted((ROOT / "problems" / folder).glob("*.yaml"))
    ]
    wanted = sys.argv[1:] or ["kan", *(file.stem for file in files)]
    if "kan" in wanted:
        kan_picture()
    for file in files:
        if file.stem in wanted:
            print(file.stem)
            problem_picture(file)


if __name__ == "__main__":
    main()
