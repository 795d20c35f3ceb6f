"""A window goes on where the one before it ended, in value and in every derivative it needs."""

import pytest
import torch

from pikan.network.partials import partials
from pikan.residuals.terms import used_faces
from pikan.solvers.time_slab import START, initial_face, restrict_time, slab_terms
from tests.stated import drawn, fitted, full_product, random_network, stated

TEXT = """
domain: {{x: [-1, 1], t: [0, 2]}}
unknowns: [u, v]
exact: {{u: x^2*t^3 + t - x, v: x - t^2}}
equations: [{equation}, v_t = -2*t]
conditions:
  - {{where: t = 0, that: u = -x}}
  - {{where: t = 0, that: v = x}}
  - {{where: x = 1, that: u + v = t^3 - t^2 + t}}
"""
FIRST = stated(TEXT.format(equation="u_t = 3*x^2*t^2 + 1"))
SECOND = stated(TEXT.format(equation="u_tt - u_xx = 6*x^2*t - 2*t^3"))


def points(part):
    """Points of a window, its first moment among them."""
    found = drawn(part)
    start = found.interior.clone()
    start[:, 1] = part.box.lower[1]
    found.faces.setdefault(initial_face(part), start)
    return found


def worst(terms, network):
    sizes = {}
    for one in terms:
        fields = (partials(network, p, one.needed_partials(k)) for k, p in enumerate(one.points))
        size = float(one.residual(tuple(fields)).detach().abs().max())
        sizes[one.label] = max(size, sizes.get(one.label, 0.0))
    return sizes


@pytest.mark.parametrize("problem", [FIRST, SECOND])
def test_the_exact_solution_goes_on_from_itself(problem):
    exact = fitted(problem, 4)
    for part, earlier in (
        (restrict_time(problem, 0.0, 0.7), None),
        (restrict_time(problem, 0.7, 2.0), exact),
    ):
        found = slab_terms(part, points(part), earlier)
        assert max(worst(found.all, exact).values()) < 1e-11
        assert max(worst(found.start, exact).values()) < 1e-11


def test_as_many_derivatives_go_on_as_the_equation_has_in_time():
    for problem, expected in (FIRST, ["u", "v"]), (SECOND, ["u", "u_t", "v"]):
        part = restrict_time(problem, 0.7, 2.0)
        found = slab_terms(part, points(part), fitted(problem, 4)).start
        assert [name for one in found for name in one.derivatives] == expected
        assert {one.label for one in found} == {START}


def test_another_start_is_a_residual_of_the_difference():
    part = restrict_time(FIRST, 0.7, 2.0)
    network = random_network(full_product, FIRST)
    at = points(part)
    (u, v) = slab_terms(part, at, fitted(FIRST, 4)).start
    place = at.faces[initial_face(part)]
    difference = network(place) - fitted(FIRST, 4)(place)
    for column, one in enumerate((u, v)):
        rows = one.residual((partials(network, one.points[0], one.needed_partials(0)),))
        torch.testing.assert_close(rows, difference[:, column])


def test_first_conditions_are_asked_in_the_first_window_only():
    labels = [
        {one.label for one in slab_terms(part, points(part), earlier).all}
        for part, earlier in (
            (restrict_time(FIRST, 0.0, 1.0), None),
            (restrict_time(FIRST, 1.0, 2.0), fitted(FIRST, 4)),
        )
    ]
    always = {"equation 1", "equation 2", "x = 1"}
    assert labels[0] == always | {"t = 0: u = -x", "t = 0: v = x"} or labels[0] > always
    assert labels[1] == always | {START}


def test_a_window_is_the_same_problem_between_two_times():
    part = restrict_time(FIRST, 0.5, 0.75)
    assert (part.box.lower, part.box.upper) == ((-1.0, 0.5), (1.0, 0.75))
    assert (part.equations, part.conditions) == (FIRST.equations, FIRST.conditions)
    assert used_faces(part) == used_faces(FIRST)
