"""Runs that are killed, and runs whose disk is full, are resumed to the same bits."""

import pytest

from kill import trials


@pytest.mark.slow
def test_runs_that_are_killed_end_with_the_same_bits_or_had_not_begun():
    for counts in trials(10, seed=1).values():
        assert counts.keys() <= {"same bits", "had ended", "nothing kept yet", "had room"}
