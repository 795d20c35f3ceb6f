import io

from rich.console import Console

from pikan.cli.progress import bar, line, lines
from pikan.run import Progress


def progress(stage="adam", step=1, steps=10, seconds=1.0, level="", error=None, remaining=None):
    return Progress(level, stage, step, steps, 0.5, {"equation": 1.0}, error, seconds, remaining)


def told(moments, every=5.0):
    """The lines written when the clock shows each of the seconds of `moments`."""
    written: list[str] = []
    now = [0.0]
    with lines(every, lambda: now[0], written.append) as show:
        for moment in moments:
            now[0] = moment.seconds
            show(moment)
    return written


def test_a_line_has_everything_that_is_known():
    everything = progress(level="degree 8", error=1e-4, remaining=75.0)
    assert line(everything) == (
        "degree 8: adam  step 1/10  loss 5.00e-01  error 1.0e-04  1.0 s  1 min 15 s left"
    )
    assert line(progress()) == "adam  step 1/10  loss 5.00e-01  1.0 s"


def test_a_quick_run_is_one_line_for_each_stage():
    moments = [progress("adam", step) for step in range(1, 4)]
    moments += [progress("lbfgs", step) for step in range(1, 3)]
    assert told(moments) == [line(moments[2]), line(moments[4])]


def test_a_slow_run_is_a_line_every_few_seconds_and_its_end():
    moments = [progress(step=second, seconds=float(second)) for second in range(1, 13)]
    assert told(moments) == [line(moments[4]), line(moments[9]), line(moments[11])]


def test_no_line_is_written_twice():
    moments = [progress("adam", 1, seconds=6.0), progress("lbfgs", 1, seconds=7.0)]
    assert told(moments) == [line(moments[0]), line(moments[1])]


def test_a_bar_leaves_a_line_for_each_stage_and_reads_no_markup():
    screen = io.StringIO()
    with bar(Console(file=screen, force_terminal=False, width=200)) as show:
        for step in range(1, 4):
            show(progress("[red]adam[/blue]", step))
        show(progress("lbfgs"))
    shown = screen.getvalue()
    assert "[red]adam[/blue]  step 3/10" in shown
    assert "lbfgs  step 1/10" in shown
