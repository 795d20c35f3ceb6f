"""A finished run, named by its folder on the command line."""

from pathlib import Path

from pikan import results
from pikan.cli.errors import refuse
from pikan.solution import Solution
from pikan.storage.file import ArchiveError


def load_run(folder: Path) -> Solution:
    """What the run in a folder has come to; where there is none, the command ends with why."""
    try:
        return results.load(folder)
    except ArchiveError as error:
        refuse(str(error))
