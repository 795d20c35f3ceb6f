"""Exit code and last line of a run."""

from pathlib import Path

from pikan.cli.errors import INTERRUPTED
from pikan.report.report import Report, reaches
from pikan.report.table import two_digits
from pikan.spec.schema import Spec
from pikan.spec.stages.elements import ElementsStage
from pikan.validation import FAR

SOLVED, MISSED = 0, 3


def exit_code(report: Report, asked: Spec) -> int:
    """Whether a run solved what its completed spec asks for.

    It did not where it stalled or diverged, or missed the accuracy, given or chosen. A schedule
    without an accuracy has only to come to its end, before the time limit.
    """
    match report.outcome:
        case "interrupted":
            return INTERRUPTED
        case "stalled" | "diverged":
            return MISSED
        case "out of budget" if asked.accuracy is not None:
            return MISSED
        case _ if asked.accuracy is not None:
            # Where cells follow that aim at less, that of cells.
            cells = (one for one in asked.training or () if isinstance(one, ElementsStage))
            aim = max([asked.accuracy, *(c.elements.accuracy or asked.accuracy for c in cells)])
            reached = reaches(report.errors, report.estimate, aim)
            return SOLVED if reached else MISSED
        case "out of budget" if asked.time_limit is not None:
            return SOLVED if report.seconds.training <= asked.time_limit else MISSED
        case _:
            return SOLVED


def closing(report: Report, code: int, folder: Path) -> str:
    """The last line: how it ended, how well, what to change or to know, and where all is."""
    errors = [f"{name} to {two_digits(e.relative_l2)}" for name, e in report.errors.items()]
    if not errors and report.estimate is not None:
        errors = [f"estimated error {two_digits(report.estimate.relative_l2)}"]
    far = report.estimate is not None and any(
        one.against != "exact" and one.relative_l2 > FAR * report.estimate.relative_l2
        for one in report.errors.values()
    )
    said = f" ({report.message})" if code != SOLVED or far or report.alternatives else ""
    return f"{report.problem}: {', '.join([report.outcome, *errors])}{said}; see {folder}"
