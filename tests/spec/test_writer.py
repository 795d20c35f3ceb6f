"""What is written reads back as the same spec."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pikan.spec.reader import parse_spec, read_spec
from pikan.spec.schema import Spec
from pikan.spec.writer import dump

PROBLEMS = Path(__file__).parents[2] / "problems"
SHIPPED = sorted(
    f for f in PROBLEMS.rglob("*.yaml") if f.parent.name not in ("sweeps", "operators")
)
BASE = {
    "domain": {"x": (-1.0, 1.0), "t": (0.0, "2*pi")},
    "unknowns": ("u",),
    "equations": ("u_t + u*u_x = 0.01/pi*u_xx",),
    "conditions": (
        {"where": "t = 0", "that": "u = -sin(pi*x)"},
        {"where": ("x = -1", "x = 1"), "that": "u = 0"},
        {"where": "x = 1, t = 0", "that": "u = minimum(x, 0) + " + " + ".join(["x"] * 30)},
    ),
}

counts = st.integers(1, 10_000_000)
positive = st.floats(1e-300, 1e300)
rates = st.floats(1e-300, 1e6)
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
bases = st.sampled_from(["bspline", "chebyshev", "legendre"])
degrees = st.integers(1, 1000) | st.tuples(st.integers(1, 30), st.integers(1, 30))
kans = st.fixed_dictionaries(
    {"kind": st.just("kan")},
    optional={
        "width": st.just((2, (3, 4), 1)),
        "basis": bases | st.tuples(bases, bases),
        "degree": degrees,
        "grid": counts | st.tuples(counts, counts),
        "base": st.sampled_from(["silu", "none"]),
        "start": st.sampled_from(["random", "ridge"]),
        "squash": st.sampled_from(["tanh", "none"]),
        "windows": counts,
    },
)
products = st.fixed_dictionaries(
    {"kind": st.just("product")}, optional={"rank": counts | st.just("full"), "degree": degrees}
)
stages = st.one_of(
    st.builds(lambda steps, lr: {"adam": {"steps": steps, "lr": lr}}, counts, rates),
    st.builds(lambda steps: {"lbfgs": {"steps": steps, "weights": "causal"}}, counts),
    st.builds(lambda cutoff: {"gauss_newton": {"damping": cutoff}}, positive),
    st.builds(lambda degree: {"refine": {"degree": degree}}, st.integers(1, 1000)),
    st.builds(lambda k: {"resample": {"k": k}}, positive),
)
points = st.fixed_dictionaries({}, optional={"points": counts, "method": st.just("sobol")})
specs = st.fixed_dictionaries(
    {key: st.just(value) for key, value in BASE.items()},
    optional={
        "name": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,20}", fullmatch=True),
        "title": words,
        "source": words,
        "description": words,
        "constants": st.dictionaries(st.sampled_from(["a", "b", "nu"]), st.floats(-1e9, 1e9)),
        "exact": st.just({"u": "sin(x)*t"}),
        "weights": st.dictionaries(st.sampled_from(["equation", "t = 0"]), positive),
        "accuracy": st.floats(1e-15, 1.0, exclude_max=True),
        "time_limit": positive,
        "network": kans | products,
        "sampling": st.fixed_dictionaries({}, optional={"interior": points, "faces": points}),
        "training": st.lists(stages, min_size=1, max_size=3).map(tuple),
        "seed": st.integers(0, 2**63 - 1),
        "dtype": st.sampled_from(["float64", "float32"]),
        "device": st.sampled_from(["cpu", "cuda:1"]),
    },
)


@settings(
    max_examples=settings.default.max_examples // 2,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(specs)
def test_a_written_spec_reads_back_equal(values):
    spec = Spec.model_validate(values)
    assert parse_spec(dump(spec), "written.yaml", Path()) == spec


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_problems_are_written_as_the_same_problem(path):
    spec = read_spec(path)
    assert parse_spec(dump(spec), "written.yaml", path.parent) == spec


def test_writing_twice_changes_nothing():
    once = dump(Spec.model_validate(BASE))
    assert dump(parse_spec(once, "written.yaml", Path())) == once


def test_words_that_yaml_takes_for_something_else_are_quoted():
    for title in (
        "true",
        "null",
        "1e-3",
        "12",
        "a: b",
        "a #b",
        "- a",
        "'a'",
        "[a",
        "*a",
        "&a",
        "é",
    ):
        spec = Spec.model_validate({**BASE, "title": title})
        assert parse_spec(dump(spec), "written.yaml", Path()).title == title


def test_lines_stay_short_where_they_can():
    wide = {f"k{i}": float(i) for i in range(40)}
    written = dump(Spec.model_validate({**BASE, "constants": wide}))
    assert max(map(len, written.splitlines())) < 200
    assert "\n  k7: 7\n" in written


def test_a_function_to_approximate_keeps_that_it_has_no_conditions():
    curve = Spec(domain={"x": (0, 1)}, unknowns=("u",), equations=("u = exp(x)",), conditions=())
    assert parse_spec(dump(curve), "curve.yaml", Path()) == curve
