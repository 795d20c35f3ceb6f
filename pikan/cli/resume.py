"""`pikan resume`: an interrupted run goes on to the bits that it would have come to."""

from pathlib import Path

import torch
import typer

from pikan import results, run
from pikan.cli.errors import refuse
from pikan.cli.exit_codes import exit_code
from pikan.cli.finish import finish_run
from pikan.cli.output import Output
from pikan.files.atomic import check_room
from pikan.files.lock import folder_lock
from pikan.operator_files.kept import holds_pairs
from pikan.spec.reader import parse_spec
from pikan.storage.file import ArchiveError
from pikan.storage.folder import clear_halves
from pikan.storage.run_folder import keep_texts


def resume_folder(folder: Path, time_limit: float | None, quiet: bool) -> int:
    """The exit code of the run in a folder, once it has ended.

    `time_limit` [s] takes the place of the one in the file this once; None leaves that.
    """
    if not folder.is_dir():
        refuse(f"{folder}: there is no such folder; name one that a run has left")
    try:
        with folder_lock(folder):
            return _resume_locked(folder, time_limit, quiet)
    except ArchiveError as error:
        refuse(str(error))


def _resume_locked(folder: Path, time_limit: float | None, quiet: bool) -> int:
    """The exit code of the run in a folder that nobody else works in."""
    if holds_pairs(folder):
        refuse(f"{folder}: an operator was interrupted here; `pikan solve` on its file goes on")
    found = run.load_interrupted(folder)
    if found is None:
        ended = results.load(folder)
        clear_halves(folder)
        keep_texts(folder, ended.spec, ended.report)
        typer.echo(f"{folder}: this run has ended ({ended.outcome.kind}); nothing is left to do")
        return exit_code(ended.report, parse_spec(ended.spec, str(folder), folder))
    if time_limit is not None:
        asked = found.spec.model_copy(update={"time_limit": time_limit})
        found = found._replace(spec=asked)
    check_room(folder)
    torch.set_num_threads(found.checkpoint.threads)
    steps = run.continue_run(found, folder)
    output: Output = "last line" if quiet else "all"
    return finish_run(steps, found.spec, found.problem.title, folder, output)
