"""Start of a joint fit: each unknown smoothed from its data alone, constants by regression."""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import scaled_least_squares, svd
from pikan.solvers.identification.functions import start_value
from pikan.solvers.identification.rows import (
    JointSystem,
    measured_unknown,
    measured_values,
    parameter,
)

# Strengths of smoothing that are tried, from none to a straight line.
_STRENGTHS = torch.logspace(-16, 4, 81, dtype=torch.float64)
# What cannot be smoothed begins with noise of this part of its standard deviation, and with some.
_INDIRECT, _LEAST = 0.1, 1e-12
# Regression steps for constants that stand in formulas in a nonlinear way.
_STEPS = 10
# Singular values below this part of the largest are no measurement of a constant.
_CUTOFF = 1e-10


class Smoothed(NamedTuple):
    """Coefficients that smooth some values, and the noise that they leave."""

    coefficients: Float[Tensor, " q"]
    noise: float


def smooth(
    columns: Float[Tensor, "n q"], values: Float[Tensor, " n"], roughness: Float[Tensor, " q"]
) -> Smoothed:
    """The c of least |columns c - values|² + s |roughness c|², s by generalized cross-validation.

    Source: Golub, Heath and Wahba 1979, doi 10.1080/00401706.1979.10489751, equation (1.4).
    """
    weights = 1.0 + roughness
    left, sizes, right = svd(columns / weights)
    seen = left.mT @ values
    outside = (values - left @ seen).square().sum()
    count, best, chosen = len(values), inf, torch.zeros_like(sizes)
    noise = 0.0
    for strength in (_STRENGTHS.to(sizes) * sizes.max() ** 2).tolist():
        kept = sizes.square() / (sizes.square() + strength)
        freedom = count - float(kept.sum())
        left_over = float(((1.0 - kept) * seen).square().sum() + outside)
        if freedom > 0.05 * count and left_over / freedom**2 < best:
            best, chosen = left_over / freedom**2, kept
            noise = (left_over / freedom) ** 0.5
    inverse = torch.where(sizes > 0.0, chosen / sizes, torch.zeros_like(sizes))
    return Smoothed((right.mT @ (inverse * seen)) / weights, noise)


def smooth_start(system: JointSystem) -> tuple[Float[Tensor, " p"], dict[str, float]]:
    """θ with every unknown smoothed that is measured itself; the noise by label where not given.

    Unknowns that are not measured are zero, constants at their guesses.
    """
    network = system.network
    coefficients = torch.zeros_like(network.coefficients)
    roughness = _roughness([basis.size for basis in network.axes()]).to(coefficients)
    flat = (0,) * len(network.axes())
    observed = [one for one in system.groups if one.kind == "observation"]
    noise = {
        one.term.label: _INDIRECT * float(measured_values(one).std(correction=0)) + _LEAST
        for one in observed
        if one.noise is None
    }
    for unknown in range(coefficients.shape[1]):
        groups = [one for one in observed if measured_unknown(one) == unknown]
        if groups:
            rows = torch.cat([one.features[0].values[flat] for one in groups])
            values = torch.cat([measured_values(one) for one in groups])
            found = smooth(rows, values, roughness)
            coefficients[:, unknown] = found.coefficients
            noise |= {one.term.label: found.noise for one in groups if one.noise is None}
    for one in system.functions:
        if not one.known.coefficients:
            coefficients.view(-1)[one.places[0]] = start_value(one.known)
    guesses = coefficients.new_tensor([parameter(one, one.guess) for one in system.find])
    return torch.cat([coefficients.flatten(), guesses]).detach(), noise


def regress_constants(
    system: JointSystem, theta: Float[Tensor, " p"], scales: Sequence[float]
) -> Float[Tensor, " p"]:
    """θ with the constants that make the equations of the fields smallest, each over its scale."""
    pairs = [
        (group, scale)
        for group, scale in zip(system.groups, scales, strict=True)
        if group.kind == "equation" and group.constants
    ]
    for _ in range(_STEPS if pairs else 0):
        parts = [(system.rows(group, theta), scale) for group, scale in pairs]
        residual = torch.cat([part.residual / scale for part, scale in parts])
        design = torch.cat([part.entries[:, -len(system.find) :] / scale for part, scale in parts])
        if not bool(design.any(dim=0).all() and residual.isfinite().all()):
            return theta
        change = scaled_least_squares(design, residual, _CUTOFF).solution
        moved = theta.clone()
        moved[system.fields :] -= change
        theta = system.clamp(moved)
        if float(change.norm()) <= 1e-10 * float(theta[system.fields :].norm()):
            break
    return theta


def _roughness(sizes: Sequence[int]) -> Float[Tensor, " q"]:
    """The sum of the squared orders of every product of polynomials."""
    total = torch.zeros(1, dtype=torch.float64)
    for size in sizes:
        total = (total[:, None] + torch.arange(size, dtype=torch.float64) ** 2).flatten()
    return total
