"""`pikan examples`: the problem files that come with pikan, and files that start from one."""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable

import typer

from pikan.cli.errors import refuse
from pikan.expression.wording import did_you_mean

_TITLE = re.compile(r"^title:\s*(.+?)\s*$", re.MULTILINE)
_NAME = re.compile(r"^name:.*$", re.MULTILINE)
_DATA = re.compile(r"file:\s*([\w./-]+\.(?:csv|mat|npz|h5))\b")
# In the folder of examples; the other folders there hold the same problems, sweeps or operators.
_FOLDERS = "", "shapes", "rough", "energies", "families", "unknowns"


def examples() -> dict[str, Traversable]:
    """The folders of problem files by the files' names."""
    found = dict[str, Traversable]()
    for name in _FOLDERS:
        folder = files("pikan").joinpath("examples", name)
        names = [one.name.removesuffix(".yaml") for one in folder.iterdir() if ".yaml" in one.name]
        found |= dict.fromkeys(sorted(names), folder)
    return found


def list_examples() -> None:
    """Print the names and titles of all."""
    for name, folder in examples().items():
        title = _TITLE.search(_text(folder, name))
        typer.echo(f"{name:24}{title.group(1) if title else ''}")
    typer.echo("\npikan new NAME --from EXAMPLE   writes one of them as NAME.yaml")


def example(name: str, start: str) -> tuple[str, dict[str, bytes]]:
    """The text of an example under another name, and the data files that it needs by their paths.

    The command ends where there is no such example.
    """
    known = examples()
    if start not in known:
        near = did_you_mean(start, known)
        refuse(f"--from {start}: there is no such example{near}; `pikan examples` lists them")
    text = _NAME.sub(f"name: {name}", _text(known[start], start), count=1)
    return text, {path: known[start].joinpath(path).read_bytes() for path in _DATA.findall(text)}


def _text(folder: Traversable, name: str) -> str:
    return folder.joinpath(f"{name}.yaml").read_text(encoding="utf-8")
