import re
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pikan.expression.error import FormulaError
from pikan.expression.evaluate import evaluate
from pikan.expression.functions import FUNCTIONS
from pikan.expression.parse import parse, read_equation, read_formula
from pikan.expression.tree import Name, Negative, Number, Operation, text
from tests.bounded import Calls
from tests.expression.formulas import trees

# Calls for each character, most of them checks at run time, which there are in these tests only.
MOST = 2000

REFUSED = {
    "": "is empty",
    "  \t": "is empty",
    "x.real": "reaches into something",
    "np.sin(x)": "write sin",
    "__import__('os')": "underscores out of place",
    "__x": "underscores out of place",
    "u__x": "underscores out of place",
    "u_": "underscores out of place",
    "_u": "underscores out of place",
    "u_x_y": "underscores out of place",
    "x[0]": "a derivative is written u_x",
    "u'": "a derivative is written u_x",
    "f'{x}'": "means nothing here",
    '"x"': "no text in quotes",
    "lambda x: x": "'lambda' in 'lambda x: x' is a word of Python",
    "[x for x in y]": "means nothing here",
    "x if y else z": "is a word of Python",
    "x and y": "is a word of Python",
    "True": "is a word of Python",
    "None": "is a word of Python",
    "(x := 1)": "assigns and defines nothing",
    "x < 1": "compares nothing",
    "x == 1": "has a '='",
    "x != 1": "compares nothing",
    "sin(x=1)": "has a '='",
    "sin(*x)": "something is missing",
    "sin(**x)": "something is missing",
    "sine(x)": "did you mean 'sin'?",
    "ln(x)": "did you mean 'log'?",
    "arctan(x)": "did you mean 'atan'?",
    "u(x)": "a product is written u*(...)",
    "eval(x)": "unknown function 'eval'",
    "sin": "'sin' is a function",
    "sin()": "something is missing",
    "sin(x, t)": "takes 1 argument, got 2",
    "minimum(x)": "takes 2 arguments, got 1",
    "sin(x)(t)": "a product is written",
    "laplacian(u*v)": "write laplacian(u)",
    "(x, t)": "a comma separates only",
    "()": "something is missing",
    "sin(x,)": "something is missing after ','",
    "x +": "something is missing after '+'",
    "* x": "something is missing before '*'",
    "x // y": "something is missing",
    "x % y": "means nothing here",
    "x @ y": "means nothing here",
    "x; y": "one formula at a time",
    "x # y": "outside of the formula",
    "x y": "a product is written x*y",
    "2x": "a product is written 2*x",
    "2 (x)": "a product is written 2*(...)",
    "(x)(y)": "a product is written",
    "1_000": "write 1000",
    "0x10": "write its decimal digits",
    "1j": "a product is written 1*j",
    "1e": "a product is written 1*e",
    "007": "write 7",
    "1.2.3": "one point at most",
    "1e999": "too large",
    "1" * 400: "too large",
    "f" * 1900 + "(x)": "unknown function 'fff",
    "1" * 900 + "y" * 900: "a product is written 111",
    "y" * 900 + "." * 900: "reaches into something",
    "_" * 1900: "underscores out of place",
    "x" * 900 + " " + "y" * 900: "a product is written xxx",
    "(x": "never closed",
    "x)": "a ')' too many",
    ")(": "a ')' too many",
    "\u0430 + 1": "cyrillic small letter a",
    "x\u2212y": "write '-'",
    "2\u00b7x": "write '*'",
    "\u03bd*x": "write nu",
    "x\u00a0+ y": "plain ASCII letters",
    "\uff11": "plain ASCII letters",
    "x\x00": "means nothing here",
    "9**9**9**9": "the exponent 387420489 is too large",
    "x^101": "write one between -100 and 100",
    "x^(-20*6)": "the exponent -120 is too large",
    "x" * 2001: "at most 2000 are read",
    "(" * 70 + "x" + ")" * 70: "over 60 parentheses",
    "-" * 399 + "x": "400 levels deep",
    "-" * 1999 + "x": "1999 operators",
    "x" + "+x" * 150: "151 levels deep",
    "x" + "**x" * 150: "151 levels deep",
    "\0" * 80 + "x y": "means nothing here",
}


@pytest.mark.parametrize("formula", REFUSED)
def test_every_refusal_is_one_sentence_that_quotes_the_formula(formula):
    with pytest.raises(FormulaError) as refusal, Calls() as calls:
        parse(formula)
    assert calls.count < MOST * (len(formula) + 1)
    sentence = str(refusal.value)
    assert REFUSED[formula] in sentence
    assert repr(formula)[1:20].rstrip("'") in sentence
    assert "\n" not in sentence
    assert len(sentence) < 300


@pytest.mark.parametrize(
    ("equation", "told"),
    [
        ("foo(x) + 2y + bar(z, 1) = sin(x, y)", ["'2y'", "'foo'", "'bar'", "takes 1 argument"]),
        ("x.real + u__x = sin + x^200", ["'x.real'", "'u__x'", "'sin' is a", "exponent 200"]),
        ("foo(x) + (y", ["unknown function 'foo'", "has no '='", "never closed"]),
        ("x y + z w = * 2", ["between 'x' and 'y'", "between 'z' and 'w'", "before '*'"]),
        ("x[0] + foo(y) = ν", ["character '['", "write nu", "unknown function 'foo'"]),
        ("(a)) + foo(b, = c", ["function 'foo'", "a ')' too many", "'(' at column 11"]),
    ],
)
def test_all_that_is_wrong_with_a_formula_is_told_together(equation, told):
    messages = read_equation(equation).messages
    assert len(messages) == len(told)
    assert all(part in message for part, message in zip(told, messages, strict=True))


def test_names_are_known_whatever_else_is_wrong():
    assert read_formula("foo(a) + 2b + (c[d").names == {"a", "c", "d"}


@given(st.text() | st.text(alphabet="xu_t019.eE+-*/^(), =sincoπ\n", max_size=60))
@example("\ud800")
@example("\n\n x")
def test_arbitrary_text_is_read_or_refused(formula):
    for reader in (read_formula, read_equation):
        with Calls() as calls:
            faults = reader(formula).faults
        assert all(0 <= fault.column <= len(formula) for fault in faults)
        assert calls.count < MOST * (len(formula) + 1)


@pytest.mark.parametrize("piece", ["-", "(", "sin(", "x**", "-x*", "1/(", "2**-", "x+(", "abs(-"])
def test_no_repetition_reaches_the_limits_of_the_interpreter(piece):
    for count in (10, 50, 59, 60, 61, 99, 100, 200, 399, 400, 600, 2000):
        formula = piece * count + "x" + ")" * (piece.count("(") * count)
        try:
            tree = parse(formula)
        except FormulaError:
            continue
        assert parse(text(tree)) == tree


def test_the_deepest_formula_is_read_far_down_the_stack():
    def descend(frames):
        return parse("-" * 98 + "x") if frames == 0 else descend(frames - 1)

    # Half of the stack is taken; checks at run time, in these tests only, take most of the rest.
    assert isinstance(descend(sys.getrecursionlimit() // 5), Negative)


@given(trees)
def test_reading_what_was_written_gives_the_same_tree(tree):
    assert parse(text(tree)) == tree


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("-2^2", -4.0),
        ("2^-1", 0.5),
        ("2^3^2", 512.0),
        ("-2**-2", -0.25),
        ("1 - 2 - 3", -4.0),
        ("8/4/2", 1.0),
        ("2*3^2", 18.0),
        ("1e-3 + .5 + 5.", 5.501),
        ("1.5E+2", 150.0),
        ("+3 - -2", 5.0),
        ("2*π", 2.0 * np.pi),
        ("e^1", np.e),
        ("minimum(2, 3) + maximum(2, 3)", 5.0),
        ("0", 0.0),
        ("1 +\n  2", 3.0),
    ],
)
def test_arithmetic_binds_as_in_python(formula, value):
    assert evaluate(parse(formula), {}, np) == value


@pytest.mark.parametrize("formula", ["-+2", "-(+(2))", "--2", "-(-2)", "+-2", "2^-+3", "-0"])
def test_signs_in_a_row_are_read_as_they_are_written(formula):
    assert parse(text(parse(formula))) == parse(formula)


def test_a_minus_before_digits_is_part_of_the_number():
    assert parse("-2") == Number(-2.0)
    assert parse("-2^2") == Negative(Operation("**", Number(2.0), Number(2.0)))
    assert parse("-x") == Negative(Name("x"))
    assert parse("--2") == Negative(Number(-2.0))
    assert parse("-0") == Number(0.0)


def test_columns_point_into_the_text_as_it_was_given():
    for formula, column in [("π^2 + sine(x)", 7), ("x^2*π*2y", 7), ("x + (y", 5), ("x - y)", 6)]:
        with pytest.raises(FormulaError) as refusal:
            parse(formula)
        assert refusal.value.column == column


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_by_itself_is_refused_with_its_use(function):
    with pytest.raises(FormulaError, match=rf"write {function}\("):
        parse(f"1 + {function}")


@pytest.mark.parametrize(
    ("equation", "remedy"),
    [
        ("u_xx", "write 'u_xx = 0'"),
        ("u = 1 = 2", "exactly one"),
        ("u == 1", "exactly one"),
        ("= u", "write 0 there"),
        ("u =", "write 0 there"),
        ("=", "write 0 there"),
        ("sin(u = 1)", "never closed"),
        ("", "is empty"),
    ],
)
def test_an_equation_has_two_sides(equation, remedy):
    assert any(re.search(remedy, message) for message in read_equation(equation).messages)


def test_an_equation_is_its_two_sides():
    left, right = read_equation("u_t + u*u_x = nu*u_xx").sides
    assert left == parse("u_t + u*u_x")
    assert right == parse("nu*u_xx")
