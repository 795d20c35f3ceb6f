"""Checks: generators that yield what is wrong, and return what they made of their input."""

from collections.abc import Generator
from typing import TypeVar

Fault = TypeVar("Fault")
Result = TypeVar("Result")


def collect_faults(check: Generator[Fault, None, Result]) -> tuple[tuple[Fault, ...], Result]:
    """All faults of a check, and what it returned."""
    faults: list[Fault] = []
    while True:
        try:
            faults.append(next(check))
        except StopIteration as end:
            return tuple(faults), end.value
