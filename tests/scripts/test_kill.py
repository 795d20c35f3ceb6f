"""Runs that are killed, and runs whose disk is full, are resumed to the same bits."""

import pytest

from kill import ENDED, trials


@pytest.mark.slow
def test_runs_that_are_interrupted_end_with_the_same_bits():
    found = list(trials(10, seed=1))
    assert {end for reached, end in found if reached != ENDED} == {"same bits"}
