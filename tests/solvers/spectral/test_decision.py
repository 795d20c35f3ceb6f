"""Each row of the tables of p-refinement holds for what it is about, and the first one counts."""

from itertools import product

import pytest

from pikan.solvers.spectral.decision import (
    LIMITS,
    STATES,
    Cost,
    Evidence,
    LevelState,
    Limit,
    decide,
)

CASES = [
    (LevelState.AGREED, Evidence(agreeing=True, accurate=True, resolved=True)),
    # Where nothing is left to resolve rounding may keep the last coefficients up.
    (LevelState.AGREED, Evidence(agreeing=True, accurate=True, stagnant=True)),
    # A difference tells of the level before; the estimate of the level itself has to be small too.
    (LevelState.RESOLVED, Evidence(agreeing=True, resolved=True)),
    (LevelState.RESOLVED, Evidence(accurate=True, resolved=True)),
    (LevelState.ROUGH, Evidence(agreeing=True, resolved=True, rough=True)),
    # What disagrees is not resolved yet, whatever the equations are left with.
    (LevelState.RESOLVED, Evidence(resolved=True, rough=True)),
    (LevelState.RISING, Evidence(agreeing=True, rough=True)),
    (LevelState.AGREED, Evidence(agreeing=True, accurate=True, resolved=True, rough=True)),
    (LevelState.RISING, Evidence(agreeing=True, accurate=True)),
    (LevelState.UNSEEN, Evidence(stagnant=True, unseen=True)),
    (LevelState.UNSEEN, Evidence(restless=True, unseen=True, resolved=True)),
    # As long as degrees rise for another reason, what is between the points may yet be seen.
    (LevelState.RESOLVED, Evidence(unseen=True, resolved=True)),
    (LevelState.ENDED, Evidence(stagnant=True)),
    (LevelState.ENDED, Evidence(restless=True)),
    (LevelState.ENDED, Evidence(stagnant=True, agreeing=True, resolved=True)),
    (LevelState.RESOLVED, Evidence(resolved=True)),
    (LevelState.RISING, Evidence()),
]
COSTS = [
    (Limit.SUFFICIENT, Cost(dear=True, sufficient=True)),
    (Limit.SUFFICIENT, Cost(late=True, sufficient=True)),
    (Limit.SUFFICIENT, Cost(large=True, sufficient=True)),
    # Where a next level is cheap it has to confirm.
    (Limit.NONE, Cost(sufficient=True)),
    (Limit.NONE, Cost(dear=True)),
    (Limit.REACHED, Cost(late=True)),
    (Limit.REACHED, Cost(late=True, large=True)),
    (Limit.REACHED, Cost(large=True)),
    (Limit.REACHED, Cost(large=True, dear=True)),
    (Limit.NONE, Cost()),
]


@pytest.mark.parametrize(("state", "evidence"), CASES)
def test_a_state_follows_from_its_evidence(state, evidence):
    assert decide(STATES, evidence) is state


@pytest.mark.parametrize(("limit", "cost"), COSTS)
def test_a_limit_follows_from_its_cost(limit, cost):
    assert decide(LIMITS, cost) is limit


def test_every_row_is_reached_and_every_evidence_has_one():
    states = {decide(STATES, Evidence(*flags)) for flags in product((False, True), repeat=7)}
    limits = {decide(LIMITS, Cost(*flags)) for flags in product((False, True), repeat=4)}
    assert states == {state for state, _ in CASES} == set(LevelState)
    assert limits == {limit for limit, _ in COSTS} == set(Limit)


def test_nothing_is_accepted_without_an_agreement_and_an_estimate():
    for flags in product((False, True), repeat=7):
        evidence = Evidence(*flags)
        if decide(STATES, evidence) is LevelState.AGREED:
            assert evidence.agreeing
            assert evidence.accurate
