"""What a formula may be long, deep and full of, and where its faults are."""

import pytest

from pikan.expression.error import FormulaError
from pikan.expression.parse import parse, read_equation, read_formula
from pikan.expression.scan import cut, quote, usage
from pikan.expression.tree import size


def grouped(operators):
    """A shallow sum of so many additions, in groups of forty terms."""
    terms = ["x"] * (operators + 1)
    groups = ["+".join(terms[start : start + 40]) for start in range(0, len(terms), 40)]
    return "+".join(f"({group})" for group in groups)


@pytest.mark.parametrize(
    ("allowed", "refused", "sentence"),
    [
        ("x" * 2000, "x" * 2001, "has 2001 characters; at most 2000 are read"),
        ("x" * 1999 + " ", "x" * 2000 + " ", "has 2001 characters"),
        ("(" * 60 + "x" + ")" * 60, "(" * 61 + "x" + ")" * 61, "nests over 60 parentheses"),
        ("-" * 99 + "x", "-" * 100 + "x", "is 101 levels deep"),
        (grouped(400), grouped(401), "has 401 operators; at most 400 are read"),
        ("x^100", "x^101", "the exponent 101 is too large"),
        ("x^-100", "x^-101", "the exponent -101 is too large"),
        ("x^(10*10)", "x^(10*10.5)", "the exponent 105 is too large"),
        ("1.7e308", "1.8e308", "is too large; numbers end at 1.8e308"),
    ],
)
def test_each_limit_is_reached_and_not_passed(allowed, refused, sentence):
    assert size(parse(allowed)) >= 1
    with pytest.raises(FormulaError) as refusal:
        parse(refused)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("formula", "column"),
    [
        ("x = 1", 3),
        ("  foo(x)", 3),
        ("1 + sin", 5),
        ("1 + sin(x, t)", 5),
        ("x*minimum(t)", 3),
        ("1 - laplacian(u*v)", 5),
        ("x + (y, z)", 5),
        ("2*x^ 101", 6),
        ("x*(2 + y^(-20*6))", 11),
        ("  " + "-" * 100 + "x", 3),
        ("x + 2y", 5),
        ("x + 1e999", 5),
        ("x + y.real", 5),
        ("x + u__x", 5),
        ("x + lambda", 5),
        ("x + [", 5),
        ("x y", 3),
        ("x (y) (z)", 1),
        ("(x) (y)", 5),
        ("x + * y", 5),
        ("* x", 1),
        ("x *", 3),
        ("sin( )", 6),
        ("x + (y", 5),
        ("x) + y", 2),
        ("2*" + "(" * 61, 63),
        ("", 0),
        ("x" * 2001, 0),
        (grouped(401), 0),
    ],
)
def test_a_fault_is_shown_where_it_is(formula, column):
    assert read_formula(formula).faults[0].column == column


@pytest.mark.parametrize(
    ("equation", "column"),
    [("u", 0), ("u = 1 = 2", 7), ("= u", 1), ("u  =", 4), ("u = 2 x", 7), ("u x = 2", 3)],
)
def test_a_fault_of_an_equation_is_shown_where_it_is(equation, column):
    (fault,) = read_equation(equation).faults
    assert fault.column == column


@pytest.mark.parametrize(
    ("formula", "faults"),
    [
        # Brackets and quotes come in pairs; what has another remedy is told as well.
        ("x[0]", 1),
        ("x[0] + y[1]", 1),
        ("x[0] + {y}", 2),
        ("x[0] # {y}", 3),
        ("x < y", 1),
        ("", 1),
        ("x = 1 = 2", 1),
        ("x y z", 2),
        ("(x", 1),
        ("x))", 2),
        ("((x", 2),
        ("2x + 3y", 2),
        ("foo(2x) + sin", 3),
    ],
)
def test_every_fault_is_told_once(formula, faults):
    assert len(read_formula(formula).faults) == faults


def test_long_words_are_cut_and_stay_in_quotes():
    assert quote("x" * 80) == f"'{'x' * 80}'"
    assert quote("x" * 81) == f"'{'x' * 77}...'"
    assert quote("'" + "x" * 99) == f'"\'{"x" * 76}..."'
    assert cut("x" * 24) == "x" * 24
    assert cut("x" * 25) == f"{'x' * 21}..."


@pytest.mark.parametrize(
    ("formula", "remedy"),
    [
        ("00", "write 0"),
        ("0010", "write 10"),
        ("1_0.5_0", "write 10.50"),
        ("1.5.", "one point at most"),
        ("0B1", "write its decimal digits"),
        ("0o7", "write its decimal digits"),
        ("3xy", "a product is written 3*xy"),
        ("a.b.cos", "write cos"),
        ("\u03a9", "is greek capital letter omega; write omega"),
        ("\u20ac", "is euro sign; write it with plain ASCII letters"),
        ("\ue000", "is u+e000; write it"),
        ("MAX(x, y)", "did you mean 'maximum'?"),
        ("maximun(x, y)", "did you mean 'maximum'?"),
        ("log10(x)", "did you mean 'log(...)/log(10)'?"),
        ("qqq(x)", "a product is written qqq*(...), and a derivative u_x"),
        ("2 3", "between '2' and '3'"),
        ("x(y)(z)", "a product is written )*(...)"),
        ("/ x", "something is missing before '/'"),
    ],
)
def test_a_sentence_says_what_would_do(formula, remedy):
    assert any(remedy in message for message in read_formula(formula).messages)


def test_numbers_of_every_form_are_read():
    for word in ("0", "0.5", ".5", "5.", "1e3", "1.E-3", ".5e+3", "00.5", "1e-999"):
        assert parse(word).value == float(word)


def test_usage_names_as_many_arguments_as_there_are():
    assert (usage("sin"), usage("maximum")) == ("sin(a)", "maximum(a, b)")
    assert usage("laplacian") == "laplacian(u)"
