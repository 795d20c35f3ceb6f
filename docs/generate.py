"""Writes the pages that the code itself knows: the keys of files, commands, names, the gallery."""

import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer.main
import yaml

import pikan
from pikan.cli.main import app
from pikan.spec.schema import Spec

ROOT = Path(__file__).resolve().parents[1]
_DOCTEST = re.compile(r"(?:^ *>>> .*\n(?:^(?! *>>>) *\S.*\n?)*)+", re.MULTILINE)


def main(into: Path) -> None:
    """Write all generated pages into a folder."""
    into.mkdir(exist_ok=True)
    pages = {
        "keys": keys(),
        "command_line": command_line(),
        "names": names(),
        "gallery": gallery(),
    }
    for name, text in pages.items():
        file = into / f"{name}.md"
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def keys() -> str:
    """All keys of a problem file, part by part, from its JSON Schema."""
    schema = Spec.model_json_schema()
    parts = ["# All keys of a problem file\n\nFrom the schema that `pikan schema` prints.\n"]
    parts += _keys_of("A problem file", schema)
    for name, part in sorted(schema["$defs"].items()):
        if "properties" in part:
            parts += _keys_of(name, part)
    return "\n".join(parts)


def _keys_of(title: str, part: Mapping[str, object]) -> Iterator[str]:
    properties = part["properties"]
    assert isinstance(properties, dict)
    yield f"## {title}\n"
    if part.get("description") and title != "A problem file":
        yield f"{part['description']}\n"
    yield "| key | values | meaning |\n|---|---|---|"
    for key, entry in properties.items():
        said = re.sub(r"([*_|<])", r"\\\1", str(entry.get("description", "")))
        yield f"| `{key}` | {_values(entry)} | {said} |"
    yield ""


def _values(entry: Mapping[str, object]) -> str:
    """What a key may hold, in a few words."""
    if "$ref" in entry:
        return str(entry["$ref"]).rpartition("/")[2]
    if "enum" in entry:
        words = entry["enum"]
        assert isinstance(words, list)
        return ", ".join(f"`{word}`" for word in words)
    choices = entry.get("anyOf") or entry.get("oneOf")
    if isinstance(choices, list):
        found = [_values(one) for one in choices if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(found))
    kinds = entry.get("type", "any")
    words = {"array": "list", "object": "mapping", "string": "text"}
    several = kinds if isinstance(kinds, list) else [kinds]
    return " or ".join(words.get(str(kind), str(kind)) for kind in several)


def command_line() -> str:
    """The help of every command."""
    # A group of Typer's own copy of click, whose types it does not give out.
    group: Any = typer.main.get_command(app)
    parts = ["# Command line\n", _help(group)]
    for name, command in group.commands.items():
        parts += [f"## pikan {name}\n", _help(command)]
    return "\n".join(parts)


def _help(command: Any) -> str:  # noqa: ANN401 (as above)
    """The arguments and options of a command, as a list."""
    lines = [(command.help or "").strip(), ""]
    for parameter in command.params:
        words = ", ".join(f"`{word}`" for word in (*parameter.opts, *parameter.secondary_opts))
        about = getattr(parameter, "help", None) or ""
        metavar = (parameter.metavar or "") if parameter.param_type_name == "option" else ""
        name = words if words.startswith("`-") else f"`{parameter.metavar}`"
        lines.append(f"- {name} {metavar}: {about}")
    return "\n".join([*lines, "", command.epilog or "", ""])


def names() -> str:
    """The public names with their signatures and what they say of themselves."""
    parts = ["# Names in Python\n"]
    for name in sorted(pikan.__all__, key=str.lower):
        thing = getattr(pikan, name)
        if not callable(thing):
            continue
        parts += _described(f"pikan.{name}", thing, "##")
        if inspect.isclass(thing) and name in ("Solution", "KAN"):
            ours = [each for each in thing.__mro__ if each.__module__.startswith("pikan.")]
            for method, made in (item for each in ours for item in vars(each).items()):
                if not method.startswith("_") and callable(made):
                    parts += _described(method, made, "###")
    return "\n".join(parts)


def _described(name: str, thing: object, level: str) -> Iterator[str]:
    yield f"{level} {name}\n"
    try:
        signature = str(inspect.signature(thing))  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError):
        signature = "(...)"
    signature = re.sub(r"<[^>]*>", "...", signature).replace("jaxtyping.", "")
    yield f"```python\n{name}{signature}\n```\n"
    yield _markdown(inspect.getdoc(thing) or "")


def _markdown(text: str) -> str:
    """A docstring as Markdown: its examples are blocks of code."""
    examples = _DOCTEST.findall(text + "\n")
    for example in examples:
        text = text.replace(example.rstrip("\n"), f"\n```pycon\n{example.rstrip()}\n```\n")
    outside = re.split(r"(```pycon.*?```|`[^`]*`)", text, flags=re.DOTALL)
    return (
        "".join(
            part if part.startswith("`") else part.replace("*", r"\*").replace("<", "&lt;")
            for part in outside
        )
        + "\n"
    )


GALLERY = {
    ".": "Boxes",
    "shapes": "Shapes",
    "rough": "Rough data and thin layers",
    "energies": "Energies",
    "unknowns": "Unknowns from data",
    "families": "Families",
}


def gallery() -> str:
    """Every problem file with the picture of its solution."""
    parts = [
        "# Gallery\n",
        (
            "Problem files that come along; `pikan new NAME --from EXAMPLE` starts from one of "
            "them. Beside them lie `problems/kan/` and `problems/classical/` (some of these by "
            "networks that are named), `problems/operators/` and `problems/sweeps/`.\n"
        ),
    ]
    for folder, title in GALLERY.items():
        parts.append(f"## {title}\n")
        for file in sorted((ROOT / "problems" / folder).glob("*.yaml")):
            text = file.read_text(encoding="utf-8")
            said = yaml.safe_load(text)
            parts.append(f"### {said.get('title', file.stem)}\n")
            if (ROOT / "docs" / "pictures" / f"{file.stem}.png").is_file():
                parts.append(f"![{file.stem}](../pictures/{file.stem}.png)\n")
            if said.get("description"):
                parts.append(f"{said['description']}\n")
            name = file.relative_to(ROOT).as_posix()
            parts.append(f"```yaml\n# {name}\n{text}```\n")
    return "\n".join(parts)
