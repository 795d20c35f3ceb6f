"""A finished run, named by its folder on the command line."""

from pathlib import Path

from pikan import run
from pikan.archive.file import ArchiveError
from pikan.cli.sentences import refuse
from pikan.solution import Solution


def finished(folder: Path) -> Solution:
    """What the run in a folder has come to; where there is none, the command ends with why."""
    try:
        return run.load(folder)
    except ArchiveError as error:
        refuse(str(error))
