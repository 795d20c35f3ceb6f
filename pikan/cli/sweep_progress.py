"""The progress of a sweep while it runs: a growing table in a terminal, plain lines in a file."""

from collections import deque
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pikan.cli.progress import duration
from pikan.report.table import two_digits
from pikan.sweeps.plan import SweepPlan
from pikan.sweeps.record import RunRecord
from pikan.sweeps.run import SweepProgress

Show = Callable[[SweepProgress], None]

_LAST = 10
_MEASURED = ("parameters", "relative_l2", "seconds")


def summary(now: SweepProgress) -> str:
    """How many runs are done, failed and running, and the time that is left."""
    left = f", {duration(now.remaining)} left" if now.remaining and now.done < now.total else ""
    failed = f", {now.failed} failed" if now.failed else ""
    before = f" ({now.before} before)" if now.before else ""
    return f"{now.done} of {now.total} done{before}{failed}, {len(now.running)} running{left}"


def line(plan: SweepPlan, row: RunRecord) -> str:
    """A run that has ended, for a place where nothing can be drawn."""
    pairs = zip(plan.keys, row.values, strict=True)
    values = ", ".join(f"{key}={value}" for key, value in pairs if value)
    if row.result.is_failure:
        return f"run {row.run}: {values}: {row.result.outcome}: {row.result.message}"
    measures = row.result.measures
    return (
        f"run {row.run}: {values}: {row.result.outcome}, relative L2 error "
        f"{two_digits(measures.relative_l2)}, {duration(measures.seconds)}"
    )


def picture(plan: SweepPlan, last: deque[RunRecord], now: SweepProgress) -> Group:
    """The last rows of the table, a bar and the summary."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("run", *plan.keys, "outcome", *_MEASURED):
        table.add_column(heading, max_width=28, no_wrap=True)
    for row in last:
        numbers = [two_digits(getattr(row.result.measures, name)) for name in _MEASURED]
        style = "red" if row.result.is_failure else ""
        cells = (str(row.run), *row.values, row.result.outcome, *numbers)
        table.add_row(*map(Text, cells), style=style)
    bar = ProgressBar(total=now.total, completed=now.done, width=40)
    return Group(table, bar, Text(summary(now)))


@contextmanager
def live(plan: SweepPlan, console: Console) -> Generator[Show]:
    """Shows the growing end of the table."""
    last = deque[RunRecord](maxlen=_LAST)
    with Live(console=console, refresh_per_second=4) as drawn:

        def show(now: SweepProgress) -> None:
            if now.ended is not None:
                last.append(now.ended)
            drawn.update(picture(plan, last, now))

        yield show


@contextmanager
def lines(plan: SweepPlan, write: Callable[[str], None] = typer.echo) -> Generator[Show]:
    """Writes a line for each run that ends."""

    def show(now: SweepProgress) -> None:
        if now.ended is not None:
            write(f"{line(plan, now.ended)} ({summary(now)})")

    yield show


@contextmanager
def silence() -> Generator[Show]:
    """Shows nothing."""
    yield lambda _: None


def display(plan: SweepPlan, quiet: bool) -> AbstractContextManager[Show]:
    """What shows the progress: nothing, a table in a terminal, lines in a file."""
    if quiet:
        return silence()
    console = Console()
    return live(plan, console) if console.is_terminal else lines(plan)
