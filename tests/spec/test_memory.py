"""What stages take is told before they start, by the numbers that they will have."""

from pathlib import Path

import pytest
import torch

from pikan import factory, network_factory
from pikan.network.base import FeatureNetwork
from pikan.planning.planner import complete
from pikan.residuals.terms import terms
from pikan.solvers.schedule import Refinement
from pikan.spec.faults import SpecError
from pikan.spec.formulas import problem as stated
from pikan.spec.memory import budget, check_memory, columns, counts, text
from pikan.spec.reader import parse_spec

PROBLEM = """
domain: {x: [0, 1], y: [0, 2]}
unknowns: [u, v]
equations: [u_xx + u_yy + v = x, v_x + v_yy = u]
conditions:
  - {periodic: x}
  - {where: [y = 0, y = 2], that: u = 0}
  - {where: 'x = 0, y = 0', that: v = 1}
"""
NETWORKS = (
    "{kind: kan, width: [2, [3, 2], 2], basis: [bspline, chebyshev], degree: 4, grid: 5}",
    "{kind: kan, width: [2, 7, 2], base: none, start: ridge}",
    "{kind: mlp, width: [2, 9, 5, 2]}",
    "{kind: product, rank: full, basis: [bspline, chebyshev], degree: 3, grid: 6}",
    "{kind: product, rank: 4, degree: 5}",
)
FEW = "{interior: {method: sobol, points: 60}, faces: {method: uniform, points: 7}}"
GRID = "{interior: {method: tensor, points: [5, 6]}, faces: {method: tensor, points: [3, 4]}}"


def read(content, *lines):
    spec = parse_spec("\n".join([content, *lines]), "here.yaml", Path())
    return spec, stated(spec)


@pytest.mark.parametrize("sampling", [FEW, GRID])
@pytest.mark.parametrize("network", NETWORKS)
def test_the_numbers_are_those_of_the_run(network, sampling):
    stages = "[adam, {resample: {points: 33}}, lbfgs]"
    read_spec, problem = read(
        PROBLEM, f"network: {network}", f"sampling: {sampling}", f"training: {stages}"
    )
    spec, _ = complete(read_spec, problem)
    generator = torch.Generator().manual_seed(0)
    made = network_factory.network(spec, problem.box, 2, generator)
    points = factory.points(spec, problem, generator)(problem.box)
    rows = sum(len(term.points[0]) for term in terms(problem, points))
    before, after = [count for _, _, count in counts(spec, problem)]
    assert before.rows == rows
    assert after.rows == rows + 2 * (33 - len(points.interior))
    assert before.parameters == sum(one.numel() for one in made.parameters())
    assert isinstance(made, FeatureNetwork)
    assert before.last == made.last_weight().numel()


def test_refinements_count():
    network = "{kind: kan, width: [2, 3, 2], grid: 4, degree: 2, base: none}"
    read_spec, problem = read(
        PROBLEM, f"network: {network}", "training: [adam, {refine: {grid: 16}}, adam]"
    )
    spec, _ = complete(read_spec, problem)
    _, after = [count for _, _, count in counts(spec, problem)]
    generator = torch.Generator().manual_seed(0)
    parts = factory.schedule_settings(spec, problem, generator)
    refinement = parts.steps[1]
    assert isinstance(refinement, Refinement)
    from pikan.network.refine import refine

    grown = refine(parts.network(problem.box), degree=None, grid=refinement.grid)
    assert after.parameters == sum(one.numel() for one in grown.parameters())


LARGE = "sampling: {interior: {points: 1e6}}"
WIDE = "network: {kind: kan, width: [2, 64, 64, 2], basis: chebyshev, degree: 8}"


@pytest.mark.parametrize("stage", ["gauss_newton", "ssbroyden"])
def test_a_dense_stage_that_does_not_fit_is_refused_in_a_sentence(stage):
    spec, problem = read(PROBLEM, WIDE, LARGE, f"training: [adam, {stage}]")
    with pytest.raises(SpecError, match=rf"training\.1\.{stage}: needs about .* take adam and lb"):
        complete(spec, problem)


def test_iterative_stages_fit_however_many_points_and_parameters_there_are():
    spec, problem = read(PROBLEM, WIDE, LARGE, "training: [adam, lbfgs]", "memory: 2 GB")
    completed, _ = complete(spec, problem)
    (_, _, count), _ = counts(completed, problem)
    assert count.rows > 10**6
    assert count.parameters > 10**4
    assert list(check_memory(completed, problem)) == []


def test_points_that_alone_do_not_fit_are_refused():
    spec, problem = read(PROBLEM, LARGE, "training: [adam]", "memory: 100 MB")
    with pytest.raises(SpecError, match="take fewer points"):
        complete(spec, problem)


@pytest.mark.parametrize(
    "network", ["{kind: product, degree: 30}", "{kind: kan, width: [2, 100, 2], start: ridge}"]
)
def test_the_choice_falls_on_stages_that_fit(network):
    lines = f"network: {network}", "sampling: {interior: {method: uniform, points: 1e5}}"
    spec, problem = read(PROBLEM, *lines, "memory: 500 MB")
    completed, reasons = complete(spec, problem)
    assert [next(iter(stage.model_dump())) for stage in completed.training] == ["adam", "lbfgs"]
    assert any("needs about" in reason and "500 MB" in reason for reason in reasons)
    roomy, reasons = complete(*read(PROBLEM, *lines, "memory: 500 GB"))
    assert [next(iter(stage.model_dump())) for stage in roomy.training] == ["least_squares"]
    assert not any("needs about" in reason for reason in reasons)


def test_a_level_of_a_climb_is_no_larger_than_fits():
    tight, problem = read(PROBLEM, "memory: 10 MB")
    usual, _ = read(PROBLEM)
    assert columns(tight) < 300
    assert columns(usual) > 4500
    completed, _ = complete(tight, problem)
    assert factory.p_refinement_settings(
        completed, problem, completed.training[0].climb
    ).dense == columns(tight)


@pytest.mark.parametrize(
    ("written", "size"),
    [("2 GB", 2 * 10**9), ("500MB", 5 * 10**8), ("1.5 GB", 15 * 10**8), ("3e8", 3 * 10**8)],
)
def test_memory_is_a_number_of_bytes_or_a_size(written, size):
    spec, _ = read(PROBLEM, f"memory: {written}")
    assert budget(spec) == size
    assert text(2 * 10**9) == "2 GB"


@pytest.mark.parametrize("written", ["2 gigs", "yes", "[1]", "1", "1e20", "-5 MB", "true"])
def test_what_is_no_memory_is_told(written):
    with pytest.raises(SpecError, match=r"here.yaml:\d+: memory: got .*, needs "):
        read(PROBLEM, f"memory: {written}")
