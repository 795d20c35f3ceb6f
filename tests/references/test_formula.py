import numpy as np

from pikan.expression.parse import parse
from pikan.references.formula import FormulaSolution


def test_formulas_have_a_column_for_each_unknown():
    exact = FormulaSolution(("x", "t"), {"u": parse("a*x - t"), "p": parse("3")}, {"a": 2.0})
    points = np.array([[1.0, 0.5], [2.0, -1.0], [0.0, 0.0]])
    assert exact.unknowns == ("u", "p")
    assert exact.against == "exact"
    assert exact.points is None
    np.testing.assert_array_equal(exact.values(points), [[1.5, 3.0], [5.0, 3.0], [0.0, 3.0]])
