"""Points of the unit cube put into a box or onto one of its faces."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.geometry.box import Box
from pikan.geometry.face import Face
from pikan.sampling.method import Count, Method


def interior(
    box: Box, method: Method, count: Count, generator: torch.Generator, like: Tensor
) -> Float[Tensor, "n d"]:
    """Points strictly inside the box, with the dtype and device of `like`.

    `generator` moves on by one number, from which a NumPy generator is seeded.
    """
    unit = method(count, box.dimension, numpy_generator(generator))
    return inside(box, torch.from_numpy(unit), like)


def on_face(
    box: Box, face: Face, method: Method, count: Count, generator: torch.Generator, like: Tensor
) -> Float[Tensor, "n d"]:
    """Points on a face and strictly inside it, with the dtype and device of `like`.

    A count per coordinate is one for every coordinate of the box; those of the fixed ones are
    passed over. Where all coordinates are fixed it is the one point. `generator` moves on by
    one number.
    """
    fixed = dict(face.fixed)
    free = [axis for axis in range(box.dimension) if axis not in fixed]
    numbers = count if isinstance(count, int) else [count[axis] for axis in free]
    chance = numpy_generator(generator)
    unit = method(numbers, len(free), chance) if free else np.empty((1, 0))
    part = Box(
        tuple(box.coordinates[axis] for axis in free),
        tuple(box.lower[axis] for axis in free),
        tuple(box.upper[axis] for axis in free),
    )
    points = like.new_empty((len(unit), box.dimension))
    points[:, free] = inside(part, torch.from_numpy(unit), like)
    for axis, value in fixed.items():
        points[:, axis] = value
    return points


def inside(box: Box, unit: Float[Tensor, "n d"], like: Tensor) -> Float[Tensor, "n d"]:
    """Points of the closed unit cube moved to the open box; those on the rim are nudged in."""
    lower, upper = like.new_tensor(box.lower), like.new_tensor(box.upper)
    points = lower + (upper - lower) * unit.to(like)
    return points.clamp(torch.nextafter(lower, upper), torch.nextafter(upper, lower))


def numpy_generator(generator: torch.Generator) -> np.random.Generator:
    """A NumPy generator seeded with the next 63 bits of a torch generator."""
    seed = torch.randint(2**63 - 1, (), generator=generator, device=generator.device)
    return np.random.default_rng(int(seed))
