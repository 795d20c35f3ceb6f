"""A reader of the nonlinear regression files of the NIST Statistical Reference Datasets."""

import re
from pathlib import Path
from typing import NamedTuple

import torch


class Dataset(NamedTuple):
    """Observations of `y` at the columns of `x`; two starts and the certified parameters."""

    starts: tuple[torch.Tensor, torch.Tensor]
    certified: torch.Tensor
    sum_of_squares: float
    y: torch.Tensor
    x: torch.Tensor


def read(path: Path) -> Dataset:
    """The data set in one .dat file; its header says in which lines things stand."""
    text = path.read_text(encoding="ascii")
    lines = text.splitlines()
    parameters = [
        [float(word) for word in line.split("=")[1].split()]
        for line in lines[:60]
        if re.match(r"\s*b\d+ =", line)
    ]
    first, last = re.search(r"Data +\(lines +(\d+) to +(\d+)\)", text).groups()
    rows = [[float(word) for word in line.split()] for line in lines[int(first) - 1 : int(last)]]
    table = torch.tensor(parameters, dtype=torch.float64)
    data = torch.tensor(rows, dtype=torch.float64)
    return Dataset(
        starts=(table[:, 0], table[:, 1]),
        certified=table[:, 2],
        sum_of_squares=float(re.search(r"Residual Sum of Squares: +(\S+)", text).group(1)),
        y=data[:, 0],
        x=data[:, 1:].squeeze(1),
    )


def digits(found: torch.Tensor, certified: torch.Tensor) -> float:
    """The log relative error of the worst parameter, at most the 11 digits certified."""
    error = ((found - certified) / certified).abs().max().clamp_min(1e-11)
    return float(-torch.log10(error))
