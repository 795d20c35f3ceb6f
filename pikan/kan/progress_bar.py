"""The progress bar of a fit."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pikan.kan.fit import FitStep

Show: TypeAlias = Callable[[FitStep, Mapping[str, float]], None]


@contextmanager
def progress_bar(steps: int, log: int, quiet: bool) -> Generator[Show]:
    """Shows steps in a terminal or a notebook, every `log` of them; elsewhere nothing."""
    console = Console()
    if quiet or not (console.is_terminal or console.is_jupyter):
        yield lambda _, __: None
        return
    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, refresh_per_second=8) as bars:
        task = bars.add_task("", total=steps)

        def show(step: FitStep, numbers: Mapping[str, float]) -> None:
            done = step.ending is not None or step.number + 1 == steps
            if done or step.number % max(log, 1) == 0:
                said = words(numbers, step.ending)
                bars.update(task, completed=step.number + 1, description=said)

        yield show


def words(numbers: Mapping[str, float], ending: str | None) -> str:
    """The numbers of a step by their names, and why it is the last if it is before its time.

    >>> words({"train_loss": 0.5, "reg": 0.0}, None)
    'train_loss: 5.00e-01 | reg: 0.00e+00'
    """
    said = [f"{name}: {number:.2e}" for name, number in numbers.items()]
    return " | ".join([*said, *([ending] if ending else [])])
