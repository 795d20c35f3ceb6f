"""A problem file, and changes to it, to a checked `Spec`; all that is wrong is said at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from pikan.expression.check import collect_faults
from pikan.expression.wording import did_you_mean
from pikan.spec.constants import Constants, constants
from pikan.spec.faults import Check, Fault, Origin, Place, SpecError
from pikan.spec.formulas import check_spelling, examine
from pikan.spec.messages import ValueFault, explain
from pikan.spec.names import name_of
from pikan.spec.overrides import FLAG, apply_overrides
from pikan.spec.recovery import names_known, recover
from pikan.spec.schema import Spec
from pikan.spec.tree import Node, compose, places, plain
from pikan.spec.values import ValidationContext

LARGEST = 200_000
_TOO_LARGE = f"is larger than {LARGEST} bytes; problem files are short text"


def read_spec(path: Path | str, changes: Mapping[str, str] | None = None, word: str = FLAG) -> Spec:
    """The spec in a file, after changes such as `{"training.0.adam.steps": "10"}`.

    SpecError with every fault of the file and of the changes, those of formulas included; `word`
    is what the faults call a change.
    """
    file = Path(path)
    return parse_spec(text_of(file), str(path), file.parent, changes or {}, name_of(file), word)


def parse_spec(
    text: str,
    file: str,
    folder: Path,
    changes: Mapping[str, str] | None = None,
    name: str = "problem",
    word: str = FLAG,
) -> Spec:
    """The spec in a text; `file` is what faults call it, `folder` is where its data files are.

    `name` is the problem's where the text gives none.
    """
    if len(text) > LARGEST:
        raise _unreadable(Path(file), _TOO_LARGE)
    faults, spec = collect_faults(
        _check_text(text, Origin(file, folder), changes or {}, name, word)
    )
    if faults or spec is None:
        raise SpecError(faults)
    return spec


def text_of(file: Path) -> str:
    """The text of a file, if it is short enough to be one of ours; else SpecError."""
    try:
        if file.is_dir():
            raise _unreadable(file, "this is a folder; name the problem file in it")
        # Whoever opens a pipe waits for its other end.
        if file.exists() and not file.is_file():
            raise _unreadable(file, "this is no file; save the problem as text in one")
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except SpecError:
        raise
    except FileNotFoundError:
        beside = [other.name for other in sorted(file.parent.glob("*.y*ml"))[:100]]
        missing = f"there is no such file{did_you_mean(file.name, beside)}"
        if not file.parent.is_dir():
            missing = f"there is no folder '{file.parent}'"
        raise _unreadable(file, missing) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _unreadable(file, f"cannot be read: {reason}") from error
    if len(content) > LARGEST:
        raise _unreadable(file, _TOO_LARGE)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"line {line} is not UTF-8 text; save the file as plain text"
        raise _unreadable(file, message) from error


def _unreadable(file: Path, message: str) -> SpecError:
    return SpecError([Fault(Place(str(file), 0, ""), message)])


def _check_text(
    text: str, origin: Origin, changes: Mapping[str, str], name: str, word: str
) -> Check[Spec | None]:
    written = yield from compose(text, Place(origin.file, 1, ""))
    if written is None:
        return None
    if not isinstance(written.value, Mapping):
        message = "holds no keys; a problem file starts with lines such as 'name: heat'"
        yield Fault(written.place, message)
        return None
    return (
        yield from spec_of_tree(
            with_name((yield from apply_overrides(written, changes, word)), name), origin
        )
    )


def spec_of_tree(root: Node, origin: Origin) -> Check[Spec | None]:
    """The spec in a tree of mappings, whose faults are at the places that its values have."""
    located, written = replace(origin, places=dict(places(root))), plain(root)
    given = written.get("constants") if isinstance(written, Mapping) else None
    # The constants that at least are numbers or texts.
    numbers = {
        str(name): number if isinstance(number, str) else float(number)
        for name, number in (given.items() if isinstance(given, Mapping) else ())
        if isinstance(number, int | float | str)
    }
    known = collect_faults(constants(numbers, located))[1]
    try:
        spec = Spec.model_validate(written, context=ValidationContext(located, known))
    except ValidationError as error:
        yield from _all_the_same(root, list(explain(error)), located, known)
        return None
    yield from examine(spec)
    return spec


def _all_the_same(
    root: Node, findings: Sequence[ValueFault], origin: Origin, known: Constants
) -> Iterator[Fault]:
    """The faults of single values, then those that show in the formulas among the others."""
    for finding in findings:
        yield origin.fault(finding.keys, finding.message)
    rest = recover(root, findings)
    located = replace(origin, places=dict(places(rest)))
    try:
        spec = Spec.model_validate(plain(rest), context=ValidationContext(located, known))
    except ValidationError:
        # Too much is at fault for what is left to be a problem.
        return
    check = examine(spec) if names_known(findings) else check_spelling(spec)
    reported = [".".join(map(str, finding.keys)) for finding in findings]
    for fault in collect_faults(check)[0]:
        # What is missing because a fault took it away is not missing in the file.
        if not any(f"{keys}.".startswith(f"{fault.place.key}.") for keys in reported):
            yield fault


def with_name(root: Node, name: str) -> Node:
    """The tree with a name: the file's own where the text gives none."""
    if not isinstance(root.value, Mapping) or "name" in root.value:
        return root
    return replace(root, value={"name": Node(name, root.place), **root.value})
