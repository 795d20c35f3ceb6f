"""Formula text into tokens, with a sentence for every fault of their spelling and order.

What passes here is short, shallow and spelt with numbers, names, arithmetic and parentheses only,
so that nothing surprising is left for Python's own parser.
"""

import difflib
import keyword
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pikan.expression.check import collect_faults
from pikan.expression.error import Check, FormulaError
from pikan.expression.functions import CALLABLE

LONGEST = 2000
MOST_PARENTHESES = 60
# Python's parser nests a chain of operators, such as ----x, as deeply as it is long.
MOST_OPERATORS = 400

NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)?", re.ASCII)
WORD = re.compile(r"[A-Za-z0-9_.]+", re.ASCII)
SYMBOLS = ("**", "+", "-", "*", "/", "^", "(", ")", ",", "=")
ARITHMETIC = frozenset({"+", "-", "*", "/", "**"})

SUBSCRIPT = "a derivative is written u_x"
COMPARISON = "a formula compares nothing; a jump at 0 is written step(x)"
LOGIC = "a formula has no logic; a jump at 0 is written step(x)"
TEXT = "a formula has no text in quotes"
REMEDIES = {
    "[": SUBSCRIPT,
    "]": SUBSCRIPT,
    "'": SUBSCRIPT,
    '"': TEXT,
    "`": TEXT,
    "{": "write round parentheses",
    "}": "write round parentheses",
    "<": COMPARISON,
    ">": COMPARISON,
    "!": COMPARISON,
    "&": LOGIC,
    "|": LOGIC,
    "~": LOGIC,
    ":": "a formula assigns and defines nothing",
    ";": "write one formula at a time",
    "#": "write comments outside of the formula",
    "\u2212": "write '-'",
    "\u2013": "write '-'",
    "\u00d7": "write '*'",
    "\u00b7": "write '*'",
    "\u00f7": "write '/'",
    "\u00b2": "write '^2'",
    "\u00b3": "write '^3'",
    "\u221a": "write sqrt(...)",
    "\u2202": SUBSCRIPT,
    "\u2207": "write div(a*grad(u)), or the derivatives one by one",
    "\u0394": "write laplacian(u)",
    "\u2206": "write laplacian(u)",
}

# Other languages' words for our functions, where the spelling alone would not lead there.
OTHER_WORDS = {
    "ln": "log",
    "log10": "log(...)/log(10)",
    "log2": "log(...)/log(2)",
    "max": "maximum",
    "min": "minimum",
    "heaviside": "step",
    "fabs": "abs",
    "pow": "a^b",
    "j0": "bessel_j0",
    "j1": "bessel_j1",
    "sec": "1/cos(...)",
    "csc": "1/sin(...)",
    "cot": "1/tan(...)",
    "lap": "laplacian",
    "diff": "u_x",
}


class Token(NamedTuple):
    """A piece of a formula; columns count from 1.

    `kind` is number, name, the symbol itself, or `?` for what has no place in a formula. In place
    of a misspelt number or name, `python` gives another one, so that the rest can be checked.
    """

    kind: str
    text: str
    column: int
    misspelt: bool = False

    @property
    def python(self) -> str:
        """What Python's parser is given."""
        return _STAND_INS[self.kind] if self.misspelt else self.text


_STAND_INS = {"number": "1", "name": "e"}


def tokens(text: str) -> Check[tuple[Token, ...]]:
    """The pieces of a formula or an equation, in time linear in its length; none if it is no use.

    What is wrong with its spelling is yielded.
    """
    if len(text) > LONGEST:
        yield FormulaError(
            f"the formula {quote(text)} has {len(text)} characters; at most {LONGEST} are read"
        )
        return ()
    found: list[Token] = []
    told: set[str] = set()
    place = 0
    while place < len(text):
        if text[place].isspace() and text[place].isascii():
            place += 1
            continue
        faults, piece = collect_faults(_token(text, place))
        # Brackets and quotes come in pairs: what has no place here is told once with its remedy.
        remedies = {str(fault).partition(";")[2] for fault in faults if piece.kind == "?"}
        yield from () if remedies & told else faults
        told |= remedies
        found.append(piece)
        # One character each stands for the name pi, and for the power.
        place += 1 if text[place] in "^\u03c0" else len(piece.text)
    if not found:
        yield FormulaError(f"the formula {text!r} is empty; write a number, at least 0")
    return tuple(found)


def check_functions(pieces: Sequence[Token], text: str) -> Check[frozenset[str]]:
    """Only functions that there are stand before parentheses; the names that stand elsewhere."""
    names: set[str] = set()
    kinds = [piece.kind for piece in pieces]
    for piece, after in zip(pieces, [*kinds[1:], ""], strict=False):
        if piece.kind != "name" or piece.misspelt:
            continue
        called = after == "("
        if called and piece.text not in CALLABLE:
            shown = f"{cut(piece.text)!r} in {quote(text)}"
            sentence = f"unknown function {shown}; {_suggestion(piece.text)}"
            yield FormulaError(sentence, piece.column)
        elif not called and piece.text in CALLABLE:
            yield FormulaError(
                f"{piece.text!r} is a function in {quote(text)}; write {usage(piece.text)}",
                piece.column,
            )
        elif not called:
            names.add(piece.text)
    return frozenset(names)


def check_order(pieces: Sequence[Token], text: str) -> Check[None]:
    """The tokens of one formula can stand in this order."""
    operators = sum(piece.kind in ARITHMETIC for piece in pieces)
    unbalanced = tuple(_unbalanced_parentheses(pieces, text))
    yield from unbalanced
    if operators > MOST_OPERATORS:
        yield FormulaError(
            f"the formula {quote(text)} has {operators} operators; at most {MOST_OPERATORS} are"
            " read: split it with constants"
        )
    elif not unbalanced:
        start = Token("(", "", pieces[0].column)
        end = Token(")", "", pieces[-1].column)
        for before, after in zip([start, *pieces], [*pieces, end], strict=True):
            yield from _check_neighbors(before, after, text)


def usage(function: str) -> str:
    """How a function is written with its arguments.

    >>> usage("minimum")
    'minimum(a, b)'
    """
    operators = {"laplacian": "laplacian(u)", "grad": "grad(u)", "div": "div(a*grad(u))"}
    if function in operators:
        return operators[function]
    return f"{function}({', '.join('ab'[: CALLABLE[function]])})"


def quote(text: str) -> str:
    """The reader's words in quotes, long ones cut short.

    Cut after quoting: what cannot be shown takes up to ten characters.
    """
    shown = repr(text[:100])
    return shown if len(shown) <= 82 else f"{shown[:78]}...{shown[-1]}"


def cut(text: str, longest: int = 24) -> str:
    """A text, or its beginning if it is longer than that.

    >>> cut("0123456789", longest=6)
    '012...'
    """
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _token(text: str, place: int) -> Check[Token]:
    column = place + 1
    if text[place] == "\u03c0":
        return Token("name", "pi", column)
    if number := NUMBER.match(text, place):
        digits, word = number.group(), _word(text, column)
        fault = _number_fault(word, digits)
        if fault is None:
            return Token("number", digits, column)
        yield FormulaError(f"{cut(word)!r} in {quote(text)} {fault}", column)
        return Token("number", max(word, digits, key=len), column, misspelt=True)
    if name := NAME.match(text, place):
        return (yield from _name(text, name.group(), column))
    for symbol in SYMBOLS:
        if text.startswith(symbol, place):
            plain = "**" if symbol == "^" else symbol
            return Token(plain, plain, column)
    yield FormulaError(_stray(text, place), column)
    return Token("?", text[place], column)


def _number_fault(word: str, digits: str) -> str | None:
    """What is wrong with a word that starts with these digits."""
    if re.match(r"0[xXbBoO]", word):
        return "is not a decimal number; write its decimal digits"
    rest = word[len(digits) :]
    if rest and re.fullmatch(r"[\d_.]+", word):
        plain = word.replace("_", "")
        remedy = (
            f"write {cut(plain)}" if NUMBER.fullmatch(plain) else "a number has one point at most"
        )
        return f"is not a number; {remedy}"
    if rest:
        return f"is no number; a product is written {cut(digits)}*{cut(rest)}"
    if re.fullmatch(r"0\d+", digits):
        return f"starts with a zero; write {cut(digits.lstrip('0') or '0')}"
    if not math.isfinite(float(digits)):
        return "is too large; numbers end at 1.8e308"
    return None


def _name(text: str, name: str, column: int) -> Check[Token]:
    word = _word(text, column)
    if "." in word:
        last = word.rsplit(".", 1)[-1]
        remedy = f"write {last}" if last in CALLABLE else "write plain names and functions"
        yield FormulaError(
            f"{cut(word)!r} in {quote(text)} reaches into something with a point; {remedy}", column
        )
        return Token("name", word, column, misspelt=True)
    if keyword.iskeyword(name):
        yield FormulaError(
            f"{name!r} in {quote(text)} is a word of Python, not of a formula; a constant needs"
            f" another name, such as '{name}1'",
            column,
        )
        return Token("?", name, column)
    misspelt = name not in CALLABLE and not PLAIN_NAME.fullmatch(name)
    if misspelt:
        yield FormulaError(
            f"the name {cut(name)!r} in {quote(text)} has underscores out of place; one"
            f" underscore, as in u_xx, marks a derivative",
            column,
        )
    return Token("name", name, column, misspelt)


def _word(text: str, column: int) -> str:
    found = WORD.match(text, column - 1)
    assert found is not None, "the caller saw a letter, a digit or a point here"
    return found.group()


def _stray(text: str, place: int) -> str:
    character = text[place]
    told = f"the character {character!r} in {quote(text)}"
    if character in REMEDIES:
        return f"{told} means nothing here; {REMEDIES[character]}"
    if character.isascii():
        return f"{told} means nothing here; write numbers, names, + - * / ^ and parentheses"
    name = unicodedata.name(character, f"U+{ord(character):04X}")
    greek = re.fullmatch(r"GREEK (?:SMALL|CAPITAL) LETTER (\w+)", name)
    remedy = f"write {greek.group(1).lower()}" if greek else "write it with plain ASCII letters"
    return f"{told} is {name.lower()}; {remedy}"


def _unbalanced_parentheses(pieces: Sequence[Token], text: str) -> Iterator[FormulaError]:
    """The parentheses that have no partner."""
    opened: list[Token] = []
    for piece in pieces:
        if piece.kind == "(":
            opened.append(piece)
        if len(opened) > MOST_PARENTHESES:
            yield FormulaError(
                f"the formula {quote(text)} nests over {MOST_PARENTHESES} parentheses; split it",
                piece.column,
            )
            return
        if piece.kind == ")" and opened:
            opened.pop()
        elif piece.kind == ")":
            yield FormulaError(f"a ')' too many in {quote(text)}; remove it", piece.column)
    for piece in opened:
        yield FormulaError(
            f"the '(' at column {piece.column} of {quote(text)} is never closed; add a ')'",
            piece.column,
        )


def _check_neighbors(before: Token, after: Token, text: str) -> Iterator[FormulaError]:
    ended = before.kind in {"number", "name", ")"}
    if ended and (
        after.kind in {"number", "name"} or (before.kind != "name" and after.kind == "(")
    ):
        factor = "(...)" if after.kind == "(" else cut(after.text)
        yield FormulaError(
            f"nothing stands between {cut(before.text)!r} and {cut(after.text)!r} in"
            f" {quote(text)}; a product is written {cut(before.text)}*{factor}",
            after.column,
        )
        return
    if ended or after.kind in {"number", "name", "(", "+", "-"}:
        return
    if not before.text and not after.text:
        yield FormulaError(f"the formula {quote(text)} is empty; write a number, at least 0")
        return
    place = f"after {before.text!r}" if before.text else f"before {after.text!r}"
    yield FormulaError(
        f"something is missing {place} in {quote(text)}; write a number, a name or a formula there",
        max(before.column, after.column),
    )


def _suggestion(function: str) -> str:
    other = OTHER_WORDS.get(function.lower())
    close = (
        [other] if other else difflib.get_close_matches(cut(function), CALLABLE, n=1, cutoff=0.6)
    )
    if close:
        return f"did you mean {close[0]!r}?"
    return f"a product is written {cut(function)}*(...), and a derivative u_x"
