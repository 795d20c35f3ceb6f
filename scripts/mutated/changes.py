"""Every small change of a file that a test could notice.

The operators are those of Cosmic Ray. Left out, by rule, is what tests cannot see:

- annotations, and unions of types (`X | None`), which fail at the import that changes them;
- the decorators `final` and `abstractmethod`, and what `dataclass` is told (`frozen`, `slots`),
  which speak to checkers of types;
- assertions, which hold in a program that is right: `assert` and the `strict=True` of `zip`;
- `is` in place of `==` and the reverse: the same for None, types and modules, and for small numbers
  a matter of the interpreter.
"""

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import NamedTuple

# Cosmic Ray is installed for this script alone.
from cosmic_ray.ast import ast_nodes, get_ast_from_path  # pyright: ignore[reportMissingImports]
from cosmic_ray.mutating import mutate_code  # pyright: ignore[reportMissingImports]
from cosmic_ray.plugins import get_operator, operator_names  # pyright: ignore[reportMissingImports]

_SAME = ("_Eq_Is", "_Is_Eq", "_NotEq_IsNot", "_IsNot_NotEq")
_FOR_CHECKERS = {"final", "abstractmethod"}


class Place(NamedTuple):
    """A line, counted from 1, and a column, counted from 0."""

    line: int
    column: int


class Change(NamedTuple):
    """The occurrence of an operator in a file."""

    file: str
    place: Place
    operator: str
    occurrence: int


def changes(root: Path, file: Path) -> Iterator[Change]:
    """All of a file."""
    tree = get_ast_from_path(file)
    unseen = list(_unseen(ast.parse(file.read_text())))
    for name in operator_names():
        kind = get_operator(name)
        if kind.arguments() or name.endswith(_SAME):
            continue
        found = [place for node in ast_nodes(tree) for place in kind().mutation_positions(node)]
        for occurrence, (start, _) in enumerate(found):
            place = Place(*start)
            if not any(begin <= place < end for begin, end in unseen):
                yield Change(str(file.relative_to(root)), place, name, occurrence)


def changed(root: Path, change: Change) -> str:
    """The text of the file with the change."""
    before = (root / change.file).read_text()
    after = mutate_code(before, get_operator(change.operator)(), change.occurrence)
    assert after is not None
    return after


def compiled(text: str, path: str) -> CodeType:
    """The code of a changed file; what the compiler says of it is not for the tests to notice."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(text, path, "exec")


def valid(text: str) -> bool:
    """Whether a changed file is Python at all: `"+" & "-"` is no pattern."""
    try:
        compiled(text, "changed")
    except SyntaxError:
        return False
    return True


def statement(text: str, line: int) -> range:
    """The lines of the innermost statement around a line; none where the import runs it."""
    nodes = list(ast.walk(ast.parse(text)))
    functions = [each for each in nodes if isinstance(each, ast.FunctionDef)]
    if not any(line in _lines(each.body[0], each) for each in functions):
        return range(0)
    around = [_lines(each, each) for each in nodes if isinstance(each, ast.stmt)]
    return min((lines for lines in around if line in lines), key=len)


def _lines(first: ast.stmt, last: ast.stmt) -> range:
    return range(first.lineno, (last.end_lineno or last.lineno) + 1)


def _unseen(tree: ast.Module) -> Iterator[tuple[Place, Place]]:
    """Where the parts begin and end that no test can notice."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(decorator_list=decorators, returns=returns):
                arguments = [each for each in ast.walk(node.args) if isinstance(each, ast.arg)]
                yield from map(_ends, filter(None, [returns, *(a.annotation for a in arguments)]))
                yield from _spoken(decorators)
            case ast.ClassDef(decorator_list=decorators):
                yield from _spoken(decorators)
            case ast.AnnAssign(annotation=annotation):
                yield _ends(annotation)
            case ast.BinOp(op=ast.BitOr()) if _type(node):
                yield _ends(node)
            case ast.Assert():
                yield _ends(node)
            case ast.Call(func=ast.Name("zip"), keywords=[strict]):
                yield _ends(strict)
            case _:
                pass


def _spoken(decorators: list[ast.expr]) -> Iterator[tuple[Place, Place]]:
    """What decorators say to checkers of types; the place of one is that of its `@`."""
    for each in decorators:
        begin, end = _ends(each)
        if isinstance(each, ast.Name) and each.id in _FOR_CHECKERS:
            yield Place(begin.line, begin.column - 1), end
        if isinstance(each, ast.Call):
            yield begin, end


def _type(node: ast.expr) -> bool:
    """Whether an expression can only be a union of types."""
    match node:
        case ast.BinOp(left, ast.BitOr(), right):
            return _type(left) and _type(right)
        case ast.Name() | ast.Attribute() | ast.Subscript() | ast.Constant(None):
            return True
        case _:
            return False


def _ends(node: ast.expr | ast.stmt | ast.keyword) -> tuple[Place, Place]:
    end = Place(node.end_lineno or node.lineno, node.end_col_offset or 0)
    return Place(node.lineno, node.col_offset), end
