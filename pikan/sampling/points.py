"""Points of the unit cube put into a domain or onto a part of its boundary."""

import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.geometry.box import Box
from pikan.geometry.domain import BoundaryPart, Domain, as_domain
from pikan.geometry.face import Face
from pikan.sampling.method import Count, Method, total

# Points of a box that lie in a region are drawn until there are enough, from so many at most.
_MOST = 256


def interior(
    domain: Domain | Box, method: Method, count: Count, generator: torch.Generator, like: Tensor
) -> Float[Tensor, "n d"]:
    """Points strictly inside the domain, with the dtype and device of `like`.

    `generator` moves on by one number, from which a NumPy generator is seeded.
    """
    domain, chance = as_domain(domain), numpy_generator(generator)
    if domain.region is None:
        unit = method(count, domain.box.dimension, chance)
        return inside(domain.box, torch.from_numpy(unit), like)
    return keep_inside(
        domain, lambda n: method(n, domain.box.dimension, chance), total(count), like
    )


def keep_inside(
    domain: Domain,
    draw: Callable[[int], Float[np.ndarray, "n d"]],
    count: int,
    like: Tensor,
) -> Float[Tensor, "n d"]:
    """The first `count` points of the unit cube that lie in a domain's region.

    Fewer where hardly any of very many do.
    """
    wanted = 2 * count
    while True:
        points = inside(domain.box, torch.from_numpy(draw(wanted)), like)
        found = points[torch.from_numpy(domain.contains(points.cpu().numpy().astype(np.float64)))]
        if len(found) >= count or wanted >= _MOST * count:
            return found[:count]
        wanted = min(math.ceil(1.2 * wanted * count / max(len(found), 1)), _MOST * count)


def on_face(
    domain: Domain | Box,
    face: BoundaryPart,
    method: Method,
    count: Count,
    generator: torch.Generator,
    like: Tensor,
) -> Float[Tensor, "n d"]:
    """Points on a part of the boundary and strictly inside it, with dtype and device of `like`.

    A count per coordinate is one for every coordinate of the box; those of the fixed ones are
    passed over. Where all coordinates are fixed it is the one point. `generator` moves on by
    one number.
    """
    domain, chance = as_domain(domain), numpy_generator(generator)
    if not isinstance(face, Face):
        number = total(count) if isinstance(count, int) else math.isqrt(total(count)) + 1
        found = face.points(domain.box, number, lambda n, axes: method(n, axes, chance))
        return torch.from_numpy(found).to(like)
    box, fixed = domain.box, dict(face.fixed)
    free = [axis for axis in range(box.dimension) if axis not in fixed]
    numbers = count if isinstance(count, int) else [count[axis] for axis in free]
    part = Box(
        tuple(box.coordinates[axis] for axis in free),
        tuple(box.lower[axis] for axis in free),
        tuple(box.upper[axis] for axis in free),
    )

    def put(unit: Float[np.ndarray, "n _"]) -> Float[Tensor, "n d"]:
        points = like.new_empty((len(unit), box.dimension))
        points[:, free] = inside(part, torch.from_numpy(unit), like)
        for axis, value in fixed.items():
            points[:, axis] = value
        return points

    if domain.region is None or not free:
        return put(method(numbers, len(free), chance) if free else np.empty((1, 0)))
    wanted = total(numbers)
    while True:
        points = put(method(wanted, len(free), chance))
        points = points[torch.from_numpy(domain.covers(points.cpu().numpy().astype(np.float64)))]
        if len(points) >= 0.75 * total(numbers) or wanted >= _MOST * total(numbers):
            return points
        wanted = math.ceil(1.2 * wanted * total(numbers) / max(len(points), 1))


def inside(box: Box, unit: Float[Tensor, "n d"], like: Tensor) -> Float[Tensor, "n d"]:
    """Points of the closed unit cube moved to the open box; those on the rim are nudged in."""
    lower, upper = like.new_tensor(box.lower), like.new_tensor(box.upper)
    points = lower + (upper - lower) * unit.to(like)
    return points.clamp(torch.nextafter(lower, upper), torch.nextafter(upper, lower))


def numpy_generator(generator: torch.Generator) -> np.random.Generator:
    """A NumPy generator seeded with the next 63 bits of a torch generator."""
    seed = torch.randint(2**63 - 1, (), generator=generator, device=generator.device)
    return np.random.default_rng(int(seed))
