"""The one exception that a formula can raise."""

from collections.abc import Generator, Iterable, Sequence
from typing import TypeVar, final

T = TypeVar("T")


@final
class FormulaError(ValueError):
    """A formula that cannot be used: what was given, and what would do, in one sentence.

    `column` counts from 1 and points at the first character at fault; 0 means the whole formula.
    `messages` has this sentence and those of everything else that is wrong with the formula.
    """

    def __init__(self, message: str, column: int = 0, others: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.column = column
        self.messages = tuple(dict.fromkeys([message, *others]))


Check = Generator[FormulaError, None, T]
"""A check yields what is wrong with a formula, and returns what it made of it."""


def refuse(messages: Sequence[str]) -> None:
    """Raises one FormulaError with all messages; nothing happens where there are none."""
    if messages:
        raise FormulaError(messages[0], others=messages)
