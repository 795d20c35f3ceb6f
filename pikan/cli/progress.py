"""The progress of a run while it runs: a bar in a terminal, plain lines in a file."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bars

from pikan.run import Progress

Show = Callable[[Progress], None]


def name(progress: Progress) -> str:
    """The stage, after the slab or degree that it works on if there are several."""
    return f"{progress.level}: {progress.stage}" if progress.level else progress.stage


def numbers(progress: Progress) -> str:
    """Loss, error if known, elapsed and remaining time, in that order."""
    error = "" if progress.error is None else f"  error {progress.error:.1e}"
    left = f"  {duration(progress.remaining)} left" if progress.remaining else ""
    return f"loss {progress.loss:.2e}{error}  {duration(progress.seconds)}{left}"


def duration(seconds: float) -> str:
    """A time as people say it.

    >>> duration(3.21), duration(75.0), duration(3723.0)
    ('3.2 s', '1 min 15 s', '1 h 2 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def line(progress: Progress) -> str:
    """All of it, for a place where nothing can be drawn."""
    return f"{name(progress)}  step {progress.step}/{progress.steps}  {numbers(progress)}"


def follows(last: Progress, now: Progress) -> bool:
    """Whether `now` goes on in the stage of `last`."""
    same = (last.level, last.stage) == (now.level, now.stage)
    return same and now.step >= last.step


@contextmanager
def bar(console: Console) -> Generator[Show, None, None]:
    """Shows the running stage as a bar, and leaves a line of each stage that has ended."""
    last: Progress | None = None
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[numbers]}"),
    )
    with Bars(*columns, console=console, transient=True, refresh_per_second=8) as bars:
        task = bars.add_task("starting", total=None, numbers="")

        def show(now: Progress) -> None:
            nonlocal last
            if last is not None and not follows(last, now):
                bars.console.print(line(last), markup=False, highlight=False)
            total, words = now.steps, escape(name(now))
            bars.update(task, description=words, completed=now.step, total=total)
            bars.update(task, numbers=numbers(now))
            last = now

        yield show
    if last is not None:
        console.print(line(last), markup=False, highlight=False)


@contextmanager
def lines(
    seconds: float = 5.0,
    clock: Callable[[], float] = monotonic,
    write: Callable[[str], None] = typer.echo,
) -> Generator[Show, None, None]:
    """Writes a line every few `seconds` [s] and at the end of each stage."""
    last: Progress | None = None
    written: Progress | None = None
    due = clock() + seconds

    def show(now: Progress) -> None:
        nonlocal last, written, due
        if last is not None and last is not written and not follows(last, now):
            write(line(last))
        if clock() >= due:
            write(line(now))
            written, due = now, clock() + seconds
        last = now

    yield show
    if last is not None and last is not written:
        write(line(last))


@contextmanager
def silence() -> Generator[Show, None, None]:
    """Shows nothing."""
    yield lambda _: None


def display(quiet: bool) -> AbstractContextManager[Show]:
    """What shows the progress: nothing, a bar in a terminal, lines in a file."""
    if quiet:
        return silence()
    console = Console()
    return bar(console) if console.is_terminal else lines()
