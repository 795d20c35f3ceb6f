"""Random formulas for the tests of this folder."""

from hypothesis import strategies as st

from pikan.expression.functions import FUNCTIONS
from pikan.expression.tree import Call, Name, Number, Operation, negative

numbers = st.one_of(
    st.integers(-20, 20).map(float), st.floats(allow_nan=False, allow_infinity=False)
).map(Number)
names = st.sampled_from(["x", "t", "nu", "u", "u_xx", "pi"]).map(Name)
exponents = st.integers(-9, 9).map(float).map(Number)


def grown(inner):
    operations = st.builds(Operation, st.sampled_from("+-*/"), inner, inner)
    powers = st.builds(Operation, st.just("**"), inner, exponents)
    calls = st.sampled_from(sorted(FUNCTIONS)).flatmap(
        lambda name: st.builds(Call, st.just(name), st.tuples(*[inner] * FUNCTIONS[name]))
    )
    return st.one_of(operations, powers, calls, inner.map(negative))


trees = st.recursive(numbers | names, grown, max_leaves=12)
