"""A schedule keeps what it has between its stages, and gets its points where they are needed."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
import torch

from pikan import factory, network_factory
from pikan.network.base import place
from pikan.network.refine import bases
from pikan.network.time_slabs import TimeSlabs
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import Stage, progress
from pikan.planning.planner import complete
from pikan.residuals.terms import CollocationPoints
from pikan.run import solve_to_end
from pikan.sampling.points import interior
from pikan.sampling.sobol import sobol
from pikan.solvers.replay import Event
from pikan.solvers.schedule import (
    Refinement,
    RefinementError,
    Resampling,
    ScheduleSettings,
    run_schedule,
    run_slabs,
)
from pikan.spec.formulas import problem
from tests.stated import LIKE, finish, product, spec, stated

HEAT = """
domain: {x: [0, 1], t: [0, 1]}
constants: {alpha: 0.1}
unknowns: [u]
equations: [u_t = alpha*u_xx]
conditions: [{where: t = 0, that: u = sin(pi*x)}, {where: boundary, that: u = 0}]
exact: {u: exp(-alpha*pi^2*t)*sin(pi*x)}
sampling: {interior: {method: sobol, points: 64}, faces: {method: sobol, points: 16}}
"""
NETWORKS = {
    "{kind: kan, width: [2, 3, 1], basis: bspline, grid: 3}": "{grid: 7}",
    "{kind: kan, width: [2, 3, 1], basis: chebyshev, degree: 4}": "{degree: 7}",
    "{kind: kan, width: [2, [2, 1], 1], basis: legendre, degree: 4}": "{degree: 6}",
    "{kind: product, rank: 2, basis: chebyshev, degree: 5}": "{rank: 4}",
    "{kind: product, rank: full, basis: [bspline, legendre], degree: 4, grid: 3}": "{degree: 6}",
}


def noted(steps, note):
    """The same steps, of which every event is seen as it comes."""
    answer = None
    while True:
        try:
            said = steps.send(answer)
        except StopIteration as end:
            return end.value
        if isinstance(said, Event):
            note(said)
        answer = yield said


def levels(text, note=lambda event: None, **settings):
    """All events of a schedule and how it ended."""
    given = spec(text, **settings)
    posed = problem(given)
    completed, _ = complete(given, posed)
    generator = torch.Generator().manual_seed(completed.seed)
    parts = factory.schedule_settings(completed, posed, generator)
    edges = factory.edges(completed, posed)
    if edges is None:
        return finish(noted(run_schedule(network_factory.rest(completed, posed), parts), note))
    return finish(noted(run_slabs(posed, parts, edges), note))


@pytest.mark.parametrize("network", NETWORKS)
def test_refinement_between_stages_keeps_the_loss(network):
    training = f"[adam: {{steps: 5}}, refine: {NETWORKS[network]}, gauss_newton: {{steps: 1}}]"
    events, level = levels(HEAT, network=network, training=training)
    before = [e.progress for e in events if e.progress.stage == "adam"][-1]
    after = next(e.progress for e in events if e.progress.stage == "gauss_newton")
    assert len(after.theta) > len(before.theta)
    # The same function to rounding of its second derivatives.
    assert after.loss == pytest.approx(before.loss, rel=1e-9)
    assert events[-1].progress.loss < after.loss
    assert sum(p.numel() for p in level.network.parameters()) == len(after.theta)


def test_hidden_bases_move_to_where_the_values_of_the_points_lie():
    events, level = levels(
        HEAT,
        network="{kind: kan, width: [2, 3, 1], basis: bspline, grid: 3}",
        training="[gauss_newton: {steps: 20}, refine: {adapt: true}, least_squares]",
    )
    before = [e.best() for e in events if e.progress.stage == "gauss_newton"][-1]
    after = level.network
    coordinates, hidden = bases(after)
    assert torch.equal(coordinates.knots, bases(before)[0].knots)
    assert not torch.equal(hidden.knots, bases(before)[1].knots)
    points = interior(stated(HEAT).box, sobol, 2000, torch.Generator().manual_seed(5), LIKE)
    with torch.no_grad():
        values = after.nodes(place(points))[1].values[0]
    ends = hidden.knots[:, [0, -1]]
    reached = torch.stack([values.amin(dim=0), values.amax(dim=0)], dim=1)
    # The points of training are few, and reach nearly as far.
    assert bool(((reached - ends).abs() < 0.1 * (ends[:, 1:] - ends[:, :1])).all())


@dataclass(frozen=True)
class Still(Stage):
    """A stage that leaves everything as it is."""

    name = "still"

    def run(self, objective, theta, state=None):
        yield progress(self, objective, 0, 1, theta, objective.residual(theta))
        return Outcome("converged", "nothing was to be done")


PEAK = stated("""
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [u_xx + u_yy = exp(-5*((x - 0.3)^2 + (y - 0.6)^2))]
conditions: [{where: boundary, that: u = 0}]
""")


def resampled(step, count=2048):
    """Mean squares of the equation for u = 0, before and after resampling."""
    unit = interior(PEAK.box, sobol, count, torch.Generator().manual_seed(1), LIKE)
    faces = {
        face: torch.zeros(1, 2, dtype=torch.float64)
        for condition in PEAK.conditions
        for face in condition.faces
    }
    parts = ScheduleSettings(
        network=lambda box: product(PEAK, 3),
        points=lambda box: CollocationPoints(unit, faces),
        weights=lambda labels: dict.fromkeys(labels, 1.0),
        steps=(Still(), step, Still()),
        generator=torch.Generator().manual_seed(0),
        memory=10**9,
    )
    events, _ = finish(run_schedule(PEAK, parts))
    return [event.progress.blocks["equation"] for event in events]


def test_what_has_no_rank_cannot_be_refined_in_it():
    with pytest.raises(RefinementError, match="rank"):
        resampled(Refinement(degree=None, grid=None, rank=3, adapt=False))


def test_points_are_drawn_by_the_size_of_the_residual():
    before, after = resampled(Resampling(points=None, k=1.0, c=0.0, weighted=False))
    # For a peak f the density f has the mean square ∫f³/∫f, and the plain one is ∫f².
    axis = (np.arange(400) + 0.5) / 400
    x, y = np.meshgrid(axis, axis)
    peak = np.exp(-5 * ((x - 0.3) ** 2 + (y - 0.6) ** 2))
    assert before == pytest.approx((peak**2).mean(), rel=0.02)
    # Drawn without replacement, the highest candidates cannot be drawn as often as they should.
    assert after == pytest.approx((peak**3).mean() / peak.mean(), rel=0.1)


def test_points_are_drawn_evenly_where_the_residual_does_not_count():
    before, after = resampled(Resampling(points=8000, k=0.0, c=1.0, weighted=False))
    assert after == pytest.approx(before, rel=0.15)


def test_weighted_points_leave_the_loss_the_mean_over_the_box():
    before, after = resampled(Resampling(points=None, k=1.0, c=1.0, weighted=True))
    assert after == pytest.approx(before, rel=0.03)


@pytest.mark.parametrize(
    ("network", "tolerance"),
    [
        ("{kind: product, windows: 3}", 1e-10),
        ("{kind: product, degree: 8, windows: [0, 0.2, 1]}", 1e-4),
    ],
)
def test_fixed_windows_solve_the_whole_of_a_problem(network, tolerance):
    text = HEAT[: HEAT.index("sampling")]
    solution = solve_to_end(spec(text, network=network))
    assert isinstance(solution.network, TimeSlabs)
    assert solution.errors["u"].relative_l2 < tolerance
    points = torch.rand(40, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for number, edge in enumerate(solution.network.edges[1:-1]):
        points[:, 1] = edge
        before, after = solution.network.slabs()[number : number + 2]
        torch.testing.assert_close(before(points), after(points), rtol=0, atol=10 * tolerance)


def test_windows_are_even_unless_their_edges_are_given():
    for network, edges in ("4", [0, 0.25, 0.5, 0.75, 1]), ("[0, 0.1, 1]", [0, 0.1, 1]):
        text = f"{{kind: product, degree: 3, windows: {network}}}"
        _, level = levels(HEAT, network=text, training="[least_squares]")
        assert level.network.edges.tolist() == edges


def test_a_window_after_one_that_diverged_is_not_begun():
    burst = HEAT.replace("sin(pi*x)}, {where", "exp(500*x)}, {where")
    network = "{kind: product, degree: 3, windows: 3}"
    _, level = levels(burst, network=network, training="[least_squares]")
    assert level.outcome.kind == "diverged"
    assert len(level.network.slabs()) == 1


def test_the_best_so_far_is_the_network_of_the_progress():
    network = "{kind: kan, width: [2, 2, 1], grid: 3}"
    events, level = levels(HEAT, network=network, training="[adam: {steps: 3}, lbfgs: {steps: 3}]")
    points = torch.rand(9, 2, generator=torch.Generator().manual_seed(0)).to(LIKE)
    assert torch.equal(events[-1].best()(points), level.network(points))
    assert not torch.equal(events[0].best()(points), level.network(points))


def test_the_best_so_far_of_a_window_stands_beside_those_before():
    text = "{kind: product, degree: 3, windows: [0, 0.2, 0.5, 1]}"
    edges: dict[str, list[float]] = {}

    def note(event):
        # It is made when it is asked for, from what there is by then.
        edges[event.level] = event.best().edges.tolist()

    _, level = levels(HEAT, note, network=text, training="[least_squares]")
    assert list(edges.values()) == [[0, 0.2], [0, 0.2, 0.5], [0, 0.2, 0.5, 1]]
    assert level.network.edges.tolist() == [0, 0.2, 0.5, 1]


def test_a_continuation_goes_through_multiples_of_a_constant_and_starts_where_it_ended():
    stages = (
        "[continuation: {constant: alpha, factors: [8, 2], steps: 3}, gauss_newton: {steps: 1}]"
    )
    network = "{kind: kan, width: [2, 3, 1], basis: chebyshev, degree: 4, conditions: built_in}"
    events, _ = levels(HEAT, network=network, training=stages)
    names = list(dict.fromkeys(event.level for event in events))
    assert names == ["alpha = 0.8", "alpha = 0.2", ""]
    by_name = {name: [e.progress for e in events if e.level == name] for name in names}
    for before, after in pairwise(names):
        assert torch.equal(by_name[before][-1].theta, by_name[after][0].theta)
        # The same network has another residual with another constant.
        assert by_name[before][-1].loss != by_name[after][0].loss


def test_conditions_that_are_built_in_have_no_rows():
    for conditions, labels in {
        "built_in": {"equation"},
        "rows": {"equation", "t = 0", "boundary"},
    }.items():
        network = f"{{kind: mlp, width: [2, 4, 1], conditions: {conditions}}}"
        events, _ = levels(HEAT, network=network, training="[adam: {steps: 1}]")
        assert set(events[-1].progress.blocks) == labels


def test_points_follow_the_residual_while_a_stage_runs():
    drawn = []
    stages = "[gauss_newton: {steps: 5, redraw: {every: 2, points: 90}}]"
    network = "{kind: kan, width: [2, 3, 1], basis: chebyshev, degree: 4, conditions: built_in}"
    levels(HEAT, drawn.append, network=network, training=stages)
    numbers = [e.progress.state.draw for e in drawn]
    assert [None if one is None else one.number for one in numbers] == [None, None, 0, 0, 1, 1]
