"""Messages for what pydantic finds wrong: what was given and what is needed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, get_args

from pydantic import Tag, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from pikan.expression.wording import did_you_mean, word_list
from pikan.spec import schema
from pikan.spec.faults import Keys
from pikan.spec.networks import KINDS
from pikan.spec.parts import FilePart
from pikan.spec.stages.registry import STAGES, AnyStage
from pikan.spec.values import CHOICE, REFUSED, quote_value


class ValueFault(NamedTuple):
    """A fault of one value: the way to it, a sentence, and whether its key is unknown."""

    keys: Keys
    message: str
    foreign: bool


def explain(error: ValidationError, model: type[FilePart] = schema.Spec) -> Iterator[ValueFault]:
    """Everything that pydantic found in what was to be a `model`."""
    details = error.errors(include_url=False)
    inside = {_keys(detail)[:end] for detail in details for end in range(len(_keys(detail)))}
    for detail in details:
        keys, kind = _keys(detail), detail["type"]
        # A list counts as short when the entries that it has are at fault.
        if kind != "too_short" or keys not in inside:
            yield ValueFault(keys, _sentence(detail, model), kind == "extra_forbidden")


def _keys(detail: ErrorDetails) -> Keys:
    """The way to the value; tags such as <kan> say which model was chosen, and are no keys."""
    return tuple(key for key in detail["loc"] if not str(key).startswith("<"))


def _sentence(detail: ErrorDetails, model: type[FilePart]) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "missing" if isinstance(detail["loc"][-1], int):
            return f"got {_entries(detail['loc'][-1])}, needs one more"
        case "missing":
            *around, key = detail["loc"]
            return f"missing; {_fields(around, model)[str(key)].description or 'it is needed'}"
        case "extra_forbidden":
            return _unknown_key(detail, model)
        case "string_pattern_mismatch":
            return f"got {quote_value(detail['input'])}, needs {_PATTERNS[str(context['pattern'])]}"
        case "literal_error":
            expected = str(detail.get("ctx", {})["expected"]).replace("'", "")
            words = expected.replace(" or ", ", ").split(", ")
            number = "a whole number or " if words == ["full"] else ""
            message = f"got {quote_value(detail['input'])}, needs {number}{expected}"
            return message + did_you_mean(str(detail["input"]), words)
        case kind if kind == REFUSED:
            return str(context["message"])
        case kind if kind == CHOICE:
            return _no_choice(detail)
        case kind:
            return f"got {quote_value(detail['input'])}, needs {_requirement(kind, context)}"


def _requirement(kind: str, context: Mapping[str, object]) -> str:
    match kind:
        case "greater_than":
            return f"more than {context['gt']}"
        case "greater_than_equal":
            return f"at least {context['ge']}"
        case "less_than":
            return f"less than {context['lt']}"
        case "less_than_equal":
            return f"at most {context['le']}"
        case "too_short":
            return f"at least {_entries(context['min_length'])}"
        case "too_long":
            return f"at most {_entries(context['max_length'])}"
        case _:
            return _KINDS.get(kind, f"something else ({kind.replace('_', ' ')})")


_PATTERNS: Mapping[str, str] = {
    schema.DEVICE: "cpu, cuda, cuda:1, mps or xpu",
}
_KINDS: Mapping[str, str] = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "tuple_type": "a list [a, b]",
    "dict_type": "a mapping (key: value)",
    "mapping_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
}


def _entries(count: object) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _no_choice(detail: ErrorDetails) -> str:
    message = f"needs {detail['msg']}"
    match detail["input"]:
        case {"kind": str(word)}:
            return f"got '{word}', {message}{did_you_mean(word, KINDS)}"
        case Mapping() as entries if entries:
            word = next(iter(entries))
            return f"got '{word}', {message}{did_you_mean(word, STAGES)}"
        case other:
            return f"got {quote_value(other)}, {message}"


def _unknown_key(detail: ErrorDetails, model: type[FilePart]) -> str:
    *around, key = detail["loc"]
    known = _fields(around, model)
    if str(around[-1:]).count("<") and key in STAGES:
        return "a stage has one name; start a list entry of its own with '-'"
    if ")" in str(key) and detail["input"] is None:
        return "unknown key; inside { } a formula that holds a comma needs quotes"
    return f"unknown key{did_you_mean(str(key), known) or f'; known are {word_list(known)}'}"


def _fields(location: Sequence[str | int], model: type[FilePart]) -> Mapping[str, FieldInfo]:
    """The fields of the model at a pydantic location, in which tags show the choices made."""
    annotation: object = model
    for step in map(str, location):
        if step.startswith("<"):
            annotation = dict(_tagged_choices(annotation)).get(step, annotation)
        else:
            field = _fields_of(annotation).get(step)
            annotation = annotation if field is None else field.annotation
    return _fields_of(annotation)


def _tagged_choices(annotation: object) -> Iterator[tuple[str, object]]:
    """The choices in an annotation, by their tags."""
    parts = get_args(annotation)
    for part in parts:
        if isinstance(part, Tag):
            yield part.tag, parts[0]
        if isinstance(part, AnyStage):
            yield from _tagged_choices(part.union)
        yield from _tagged_choices(part)


def _fields_of(annotation: object) -> Mapping[str, FieldInfo]:
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, FilePart):
            return {field.alias or name: field for name, field in part.model_fields.items()}
    return {}
