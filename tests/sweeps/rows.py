"""Rows with all kinds of contents."""

import math

from hypothesis import strategies as st

from pikan.sweeps.record import MEASURES, Measures, Result, RunRecord
from pikan.sweeps.table import Table

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
numbers = st.just(math.nan) | st.floats(0.0, 1e300, allow_nan=False)
KEYS = ("network.degree", 'a, "b"', "")
# Plain values: what is made of them is made in the test, where checks of types may draw lots.
contents = st.lists(
    st.tuples(
        st.tuples(*[words] * len(KEYS)),
        st.integers(1, 2),
        words,
        words,
        st.tuples(*[numbers] * len(MEASURES)),
    ),
    max_size=5,
)


def table(content):
    """The table with these rows."""
    rows = (
        RunRecord(run, values, attempts, Result(outcome, message, Measures(*measures)))
        for run, (values, attempts, outcome, message, measures) in enumerate(content)
    )
    return Table(KEYS, tuple(rows))


def same(left, right):
    """Whether two values are equal, NaN being NaN."""
    return repr(left) == repr(right)
