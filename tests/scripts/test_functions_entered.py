"""What is counted are the functions of pikan, each once, and not what imports call."""

import pytest

from functions_entered import is_function, trip


def some():
    """Code of every kind."""
    return [lambda: 0, (one for one in "ab")]


def test_lambdas_generators_and_class_bodies_are_no_functions():
    inner = [constant for constant in some.__code__.co_consts if hasattr(constant, "co_name")]
    assert is_function(some.__code__)
    assert {code.co_name for code in inner} == {"<lambda>", "<genexpr>"}
    assert not any(map(is_function, inner))


@pytest.mark.slow
def test_a_trip_enters_the_functions_that_it_needs_and_no_others(tmp_path, monkeypatch, root):
    monkeypatch.chdir(root)
    entered, imported = trip(["check", "problems/poisson.yaml"])
    names = {(one.file, one.name) for one in entered}
    assert ("cli/check.py", "check_file") in names
    assert ("spec/reader.py", "read_spec") in names
    assert not {one.room for one in entered} & {"network", "solvers", "plots"}
    assert not entered & imported
