import pytest

from pikan.expression.check import collect_faults
from pikan.expression.error import FormulaError, refuse


def test_the_first_of_several_faults_speaks_for_all():
    with pytest.raises(FormulaError, match=r"^one$") as refusal:
        refuse(["one", "two", "one"])
    assert refusal.value.messages == ("one", "two")
    assert refusal.value.column == 0


def test_one_fault_is_enough_and_none_is_none():
    with pytest.raises(FormulaError, match=r"^alone$"):
        refuse(["alone"])
    refuse([])


def test_a_check_is_its_faults_and_what_it_made():
    def check():
        yield "one"
        yield "two"
        return 3

    assert collect_faults(check()) == (("one", "two"), 3)
