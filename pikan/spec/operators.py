"""An operator file, and changes to it, to a checked statement."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, final

from pydantic import Field, ValidationError

from pikan.expression.check import collect_faults
from pikan.expression.parse import read_equation
from pikan.expression.tree import Call, names, parts
from pikan.expression.wording import did_you_mean, word_list
from pikan.problem.statement import Problem
from pikan.problem.symmetries import symmetries
from pikan.spec.constants import Constants
from pikan.spec.faults import Check, Origin, Place, SpecError
from pikan.spec.formulas import problem
from pikan.spec.messages import explain
from pikan.spec.names import name_of
from pikan.spec.overrides import FLAG, apply_overrides
from pikan.spec.parts import Count, FilePart, Positive
from pikan.spec.reader import spec_of_tree, text_of, with_name
from pikan.spec.schema import Description, FolderName, Spec, Title
from pikan.spec.tree import Node, compose, places, plain
from pikan.spec.values import Formula, ValidationContext, Whole

KEY = "operator"
"""The key that makes a file one of an operator."""
_LEAST = 10
_AtLeast = Annotated[Count, Field(ge=_LEAST)]


class OperatorNames(FilePart):
    """What is taken to what."""

    input: str = Field(description="the name of the input function")
    output: str = Field(description="the unknown, or the array, that comes out")


class GaussianSettings(FilePart):
    """A Gaussian random field of zero mean: amplitude^2 exp(-r^2/(2 length^2))."""

    length: Positive = Field(description="the length over which values are alike")
    amplitude: Positive = Field(default=1.0, description="the standard deviation of values")


class InputSettings(FilePart):
    """The law of an input function, and how many of it are drawn."""

    gaussian: GaussianSettings = Field(description="a Gaussian random field, {length: 0.2}")
    samples: _AtLeast = Field(description="how many pairs the operator is fitted to")
    test: Count = Field(default=100, description="how many others it is compared with")
    over: str | None = Field(
        default=None,
        description="the coordinate that the input is a function of; the first but t if left out",
    )


class PairsSettings(FilePart):
    """Arrays of pairs in a file: a row an input, a row an output."""

    file: str = Field(description="an .npz, .mat, .csv or .h5 file in the folder of this file")
    input: str = Field(description="the name of the array, or of its columns without their numbers")
    output: str = Field(description="the same of the outputs")
    train: _AtLeast = Field(description="so many pairs are fitted")
    test: Count = Field(description="so many after them are compared with")


class EvolutionSettings(FilePart):
    """The equation whose states the pairs are, on a period in x."""

    equation: Formula = Field(description="of u, x and t, such as u_t + u*u_x = 0.01*u_xx")
    period: Positive = Field(default=1.0, description="the period in x; its last point is left out")
    time: Positive = Field(default=1.0, description="the time from an input to its output")


class PhysicsSettings(FilePart):
    """The equations as what a DeepONet is trained by, for inputs whose outputs are not known."""

    weight: Positive = Field(default=1.0, description="of their mean squares beside those of pairs")
    inputs: _AtLeast = Field(default=1000, description="so many inputs of the law, not solved for")
    pairs: bool = Field(default=True, description="whether it is trained by the pairs as well")


class OperatorSettings(FilePart):
    """An operator file but for the problem in it."""

    name: FolderName = "operator"
    title: Title = ""
    source: str = Field(default="", description="where the operator comes from")
    description: Description = ""
    operator: OperatorNames = Field(description="such as {input: v, output: u}")
    inputs: Mapping[str, InputSettings] = Field(
        default={}, max_length=1, description="the law of the input, whose outputs are solved for"
    )
    data: PairsSettings | None = Field(default=None, description="pairs from a file, instead")
    method: Literal["linear", "kan", "kernel", "deeponet", "deepokan", "fno", "fno_kan"] | None = (
        Field(
            default=None,
            description="what goes between components, or a neural operator; of those between "
            "components chosen by held-out error",
        )
    )
    steps: Annotated[Count, Field(le=10**7)] = Field(
        default=2000, description="steps of Adam that a neural operator is trained in"
    )
    physics: PhysicsSettings | None = Field(
        default=None, description="trains deeponet or deepokan by the equations, {weight: 1}"
    )
    evolution: EvolutionSettings | None = Field(
        default=None, description="an equation whose symmetries are taken out of pairs of a file"
    )
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = Field(
        default=0, description="where the random numbers start"
    )


@final
@dataclass(frozen=True)
class OperatorStatement:
    """An operator file: its settings, and the problem for an input, None where pairs are given.

    In the problem the input is a constant. `text` is that of the file, the `changes` in comments
    before it.
    """

    settings: OperatorSettings
    origin: Origin
    spec: Spec | None
    problem: Problem | None
    text: str
    changes: Mapping[str, str]

    @property
    def over(self) -> str:
        """The coordinate that the input is a function of."""
        assert self.problem is not None
        asked = self.settings.inputs[self.settings.operator.input].over
        return asked or next(name for name in self.problem.coordinates if name != "t")


def is_operator_file(file: Path) -> bool:
    """Whether a file has the key of operators; none that cannot be read has it."""
    try:
        _, root = collect_faults(compose(text_of(file), Place(str(file), 1, "")))
    except SpecError:
        return False
    return root is not None and isinstance(root.value, Mapping) and KEY in root.value


def read_operator(file: Path, changes: Mapping[str, str] | None = None) -> OperatorStatement:
    """What an operator file states; SpecError with every fault."""
    origin = Origin(str(file), file.parent)
    return read_operator_text(text_of(file), origin, changes or {}, name_of(file))


def read_operator_text(
    text: str, origin: Origin, changes: Mapping[str, str], name: str
) -> OperatorStatement:
    """What the text of an operator file states; SpecError with every fault."""
    faults, stated = collect_faults(_statement(text, origin, changes, name))
    if faults or stated is None:
        raise SpecError(faults)
    return stated


def _statement(
    text: str, origin: Origin, changes: Mapping[str, str], name: str
) -> Check[OperatorStatement | None]:
    written = yield from compose(text, Place(origin.file, 1, ""))
    if written is None:
        return None
    root = with_name((yield from apply_overrides(written, changes, FLAG)), name)
    assert isinstance(root.value, Mapping)
    located = replace(origin, places=dict(places(root)))
    solved = "inputs" in root.value
    own = {
        key: node
        for key, node in root.value.items()
        if key in OperatorSettings.model_fields or not solved
    }
    try:
        settings = OperatorSettings.model_validate(
            plain(replace(root, value=own)), context=ValidationContext(located, Constants({}))
        )
    except ValidationError as error:
        for finding in explain(error, OperatorSettings):
            yield located.fault(finding.keys, finding.message)
        return None
    changed = "".join(f"# --{key} {value}\n" for key, value in changes.items())
    stated = OperatorStatement(settings, located, None, None, changed + text, changes)
    if solved == (settings.data is not None):
        message = "needs either inputs, the law of the input, or data, a file of pairs"
        yield located.fault((KEY,), message)
        return None
    if settings.evolution is not None:
        try:
            symmetries(settings.evolution.equation)
        except ValueError as error:
            yield located.fault(("evolution", "equation"), str(error))
        if solved:
            yield located.fault(("evolution",), "goes with data; a law has its own equations")
    if settings.physics is not None and not solved:
        yield located.fault(("physics",), "goes with inputs, the law of which has equations")
    return (yield from _with_problem(stated, root)) if solved else stated


def _with_problem(stated: OperatorStatement, root: Node) -> Check[OperatorStatement | None]:
    """The statement with its problem, in which the input is a constant."""
    settings, origin = stated.settings, stated.origin
    entering, leaving = settings.operator.input, settings.operator.output
    if entering not in settings.inputs:
        message = f"'{entering}' has no law; write inputs: {{{entering}: {{gaussian: ...}}}}"
        yield origin.fault((KEY, "input"), message)
        return None
    spec = yield from spec_of_tree(_problem_tree(root, entering), replace(origin, places={}))
    if spec is None:
        return None
    faults, made = collect_faults(_operator_problem(spec, settings, leaving, origin))
    yield from faults
    if made is None:
        return None
    return replace(stated, spec=spec, problem=made)


def _operator_problem(
    spec: Spec, settings: OperatorSettings, leaving: str, origin: Origin
) -> Check[Problem | None]:
    if leaving not in spec.unknowns:
        message = f"'{leaving}' is no unknown; there are {word_list(spec.unknowns)}"
        yield origin.fault((KEY, "output"), message + did_you_mean(leaving, spec.unknowns))
        return None
    made = problem(spec)
    entering, law = next(iter(settings.inputs.items()))
    if law.over is not None and law.over not in made.coordinates:
        message = f"'{law.over}' is no coordinate; there are {word_list(made.coordinates)}"
        yield origin.fault(("inputs", entering, "over"), message)
    for key, given in (("parameters", made.parameters), ("find", made.find)):
        if given:
            yield origin.fault((key,), "an operator has one problem for each input; leave this out")
    trained = settings.method in ("deeponet", "deepokan")
    if settings.physics is not None and not (trained and len(made.unknowns) == 1):
        message = "goes with method: deeponet or deepokan, and a problem of one unknown"
        yield origin.fault(("physics",), message)
    yield from _check_derivatives(spec, entering, origin)
    if made.region is not None:
        yield origin.fault(("region",), "an operator needs a domain of intervals")
    return made


def _check_derivatives(spec: Spec, entering: str, origin: Origin) -> Check[None]:
    """A fault where an equation would hold derivatives of the input, which is a number in it."""
    for number, equation in enumerate(spec.equations):
        nodes = [each for side in read_equation(equation).sides for each in parts(side)]
        fluxes = [one for one in nodes if isinstance(one, Call) and one.function == "div"]
        if any(entering in names(one) for one in fluxes):
            message = (
                f"'{entering}' is given by its values, and div(...) takes its derivative; write "
                f"the flux as an unknown, such as q = {entering}*u_x and q_x = f"
            )
            yield origin.fault(("equations", number), message)
    if spec.energy is not None:
        message = f"its equations hold derivatives of '{entering}'; state equations instead"
        yield origin.fault(("energy",), message)


def _problem_tree(root: Node, entering: str) -> Node:
    """The tree of the problem alone, with the input among the constants."""
    assert isinstance(root.value, Mapping)
    own = OperatorSettings.model_fields.keys() - Spec.model_fields.keys() | {"data"}
    entries = {key: node for key, node in root.value.items() if key not in own}
    before = entries.get("constants")
    known = before.value if before is not None and isinstance(before.value, Mapping) else {}
    entries["constants"] = Node({**known, entering: Node(1.0, root.place)}, root.place)
    return replace(root, value=entries)
