"""A Newton homotopy begins at what its start solves and ends in the problem itself."""

import torch

from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.optimize.objective import Block, LeastSquares
from pikan.solvers.newton_homotopy import newton_homotopy, solve_by_homotopy
from pikan.solvers.replay import Event
from tests.stated import finish


def arctangent():
    """A root at 2, from which Newton's steps run away where they start further off than 1.4."""
    return LeastSquares(
        lambda theta: torch.atan(theta - 2.0),
        lambda theta: (1.0 / (1.0 + (theta - 2.0) ** 2))[:, None],
        (Block("all", slice(0, 1)),),
    )


def test_each_problem_takes_away_one_more_part_of_what_the_start_leaves():
    objective, start = arctangent(), torch.tensor([7.0], dtype=torch.float64)
    theta = torch.tensor([3.0], dtype=torch.float64)
    first, here = objective.residual(start), objective.residual(theta)
    family = list(newton_homotopy(objective, start))
    for part, member in enumerate(family, start=1):
        share = part / len(family)
        torch.testing.assert_close(member.residual(start), share * first)
        torch.testing.assert_close(member.residual(theta), here - (1 - share) * first)
        assert torch.equal(member.jacobian(theta), objective.jacobian(theta))
    assert len(family) > 1
    assert torch.equal(family[-1].residual(theta), here)


def test_it_leads_to_the_solution_in_several_stages():
    start = torch.tensor([7.0], dtype=torch.float64)
    stage = LevenbergMarquardt(steps=30)
    events, found = finish(
        solve_by_homotopy(
            stage, arctangent(), start, lambda progress: Event("", progress, lambda: None)
        )
    )
    assert found.outcome.kind == "converged"
    torch.testing.assert_close(found.theta, torch.tensor([2.0], dtype=torch.float64))
    assert sum(event.progress.step == 0 for event in events) == len(
        list(newton_homotopy(arctangent(), start))
    )
