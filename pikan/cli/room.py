"""Room for the results of a run: what is in the way is set aside or refused, in a sentence."""

import shlex
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import typer

from pikan.cli.errors import refuse
from pikan.files.atomic import check_room
from pikan.files.lock import folder_lock
from pikan.storage.folder import Content, content, discard, move, others, set_aside


@contextmanager
def room(
    folder: Path, spec: str, data: Mapping[Path, bytes], force: bool, *, goes_on: bool = False
) -> Generator[None]:
    """Inside, a folder is free for a run with this resolved problem file and these data.

    A result of the same run goes once the new one is there, and what another run has left is set
    aside; with `force` either goes. Files of somebody else are refused, and stay with `force`.
    Where nothing is left in the folder, what it held before is there again. An interrupted run
    stays where it is if this one `goes_on` with it.
    """
    if folder.exists() and not folder.is_dir():
        refuse(f"{folder}: this is a file; name a folder for the results")
    with folder_lock(folder):
        check_room(folder)
        found, done = content(folder, spec, data), Content("a result", same=True)
        if found.kind == "other files" and not force:
            some = ", ".join(others(folder)[:3])
            refuse(
                f"{folder}: holds what is no result of pikan's ({some}); take another folder with "
                "--out, or write into this one with --force"
            )
        goes = force or found == done
        empty = found.kind in ("nothing", "other files")
        aside = None if empty or goes_on else _set_aside(folder, found.kind, goes)
        if aside is None:
            yield
            return
        with ExitStack() as claim:
            try:
                claim.enter_context(folder_lock(folder))
            except BlockingIOError:
                refuse(f"{folder}: a run has just begun in it; what it held is now {aside}")
            try:
                yield
            finally:
                if not any(folder.iterdir()):
                    move(aside, folder)
                    typer.echo(f"{folder}: holds what it held before", err=True)
                elif goes and content(folder, spec, data) == done:
                    discard(aside)
                if goes and aside.exists():
                    typer.echo(f"{folder}: what it held before is now {aside}", err=True)


def _set_aside(folder: Path, kind: str, goes: bool) -> Path | None:
    """Where what a folder holds is now; None where it is to be replaced in its place.

    That is so where the folder cannot be renamed, as one that the system has mounted.
    """
    try:
        aside = set_aside(folder)
    except OSError as fault:
        if not goes:
            refuse(
                f"{folder}: holds {kind} that cannot be set aside ({fault.strerror}); take another "
                "folder with --out, or replace it with --force"
            )
        return None
    if kind == "an interrupted run" and not goes:
        resumed = f"pikan resume {shlex.quote(str(aside))}"
        said = f"an interrupted run was here, which `{resumed}` goes on with"
        typer.echo(f"{folder}: {said}", err=True)
    elif not goes:
        said = f"a result of another problem or of other settings was here, which is now {aside}"
        typer.echo(f"{folder}: {said}", err=True)
    return aside
