"""`pikan examples`: the problem files that come with pikan, and files that start from one."""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable

import typer

from pikan.cli.errors import refuse
from pikan.expression.wording import did_you_mean

_TITLE = re.compile(r"^title:\s*(.+?)\s*$", re.MULTILINE)
_NAME = re.compile(r"^name:.*$", re.MULTILINE)
_DATA = re.compile(r"file:\s*(data/[\w.-]+)")


def examples() -> dict[str, Traversable]:
    """The problem files by their names."""
    folder = files("pikan").joinpath("examples")
    every = (file for file in folder.iterdir() if file.name.endswith(".yaml"))
    return {file.name.removesuffix(".yaml"): file for file in sorted(every, key=lambda f: f.name)}


def list_examples() -> None:
    """Print the names and titles of all."""
    for name, file in examples().items():
        title = _TITLE.search(file.read_text(encoding="utf-8"))
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
    text = known[start].read_text(encoding="utf-8")
    text = _NAME.sub(f"name: {name}", text, count=1)
    folder = files("pikan").joinpath("examples")
    data = {path: folder.joinpath(path).read_bytes() for path in _DATA.findall(text)}
    return text, data
