"""A run in its folder: the archive, and beside it the report and the resolved problem file."""

from collections.abc import Mapping
from pathlib import Path

from pikan.files.atomic import write_together
from pikan.files.json_text import to_json
from pikan.problem.statement import Problem
from pikan.report.report import Report
from pikan.storage.checkpoint import Checkpoint
from pikan.storage.data_files import kept_data
from pikan.storage.file import FILE
from pikan.storage.folder import REPORT, RESOLVED, make_room
from pikan.storage.run_archive import ArchivedRun, write_run


def keep_run(
    folder: Path,
    problem: Problem,
    run: ArchivedRun,
    goes_on: Checkpoint | None,
    *,
    replace: bool,
) -> tuple[Path, ...]:
    """Leave a run in a folder, with the data that it was compared with; what comes back is where.

    `goes_on` is what the run goes on from, None where it has ended. Another run in the folder is
    set aside before, with a warning, unless it is to be replaced.
    """
    path, data, written = (
        folder / FILE,
        kept_data(problem, folder),
        _texts(folder, run.spec, run.report),
    )
    if not replace:
        make_room(folder, run.spec, data)
    write_run(path, run, goes_on, data, written)
    return path, *written, *data


def keep_texts(folder: Path, spec: str, report: Report) -> None:
    """Leave the report and the resolved problem file, which are in the archive as well.

    A run that is killed between its archive and these may have left others, or none.
    """
    written = _texts(folder, spec, report)
    if any(not path.is_file() or path.read_bytes() != text for path, text in written.items()):
        write_together(written)


def _texts(folder: Path, spec: str, report: Report) -> Mapping[Path, bytes]:
    """The report and the resolved problem file, by where they belong."""
    return {
        folder / REPORT: to_json(report, indent=2).encode(),
        folder / RESOLVED: spec.encode(),
    }
