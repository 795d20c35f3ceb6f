"""Pictures of formulas stand on the line of the text around them."""

import re

import pytest

from pikan.plots.formula import formula_depth, formula_svg


@pytest.mark.parametrize("formula", ["x", r"\frac{a}{b_{jk}}", r"\int_0^1 f"])
def test_a_picture_is_as_high_as_a_formula_stands_above_its_line_and_reaches_below(formula):
    found = re.search(r'height="([0-9.]+)pt"', formula_svg(formula))
    below, alone = formula_depth(formula), formula_depth("x")
    assert alone <= below < float(found[1])


def test_a_formula_without_descenders_is_as_deep_as_text_and_a_fraction_deeper():
    assert formula_depth("x") == formula_depth("p") < formula_depth(r"\frac{a}{b_{jk}}")
