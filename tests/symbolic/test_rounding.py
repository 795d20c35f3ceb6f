import pytest

import pikan


@pytest.mark.usefixtures("untyped")
def test_plain_numbers_are_rounded_as_they_are():
    assert pikan.ex_round(3, 2) == 3
    assert pikan.ex_round(1.23456, 2) == 1.23
