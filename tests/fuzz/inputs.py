"""What people and strangers may hand in: formulas, problem files, sweeps and archives, as drawn."""

from pathlib import Path

import yaml
from hypothesis import strategies as st

PROBLEMS = Path(__file__).resolve().parents[2] / "problems"
SHIPPED = [file.read_text() for file in sorted(PROBLEMS.glob("*.yaml"))]
SWEEPS = [file.read_text() for file in sorted((PROBLEMS / "sweeps").glob("*.yaml"))]

PIECES = (
    *("x", "t", "y", "u", "v", "p", "nu", "pi", "e", "u_x", "u_xx", "u_t", "u_n", "u_tt", "v_y"),
    *("laplacian(u)", "sin(", "exp(", "log(", "sqrt(", "tan(", "abs(", "minimum(", "step("),
    *("bessel_j0(", "(", "(", ")", ")", ")", "+", "-", "*", "/", "^", "**", "=", ",", ".", "0"),
    *("1", "2", "0.5", "1e-3", "1e308", "9**9", "-1", "[0]", "u.x", "lambda:", "u_", "\u03c0"),
    *("__import__('os').system('touch owned')", "\u03bd", "\u00b2", "\0", "\ud800", " "),
)
WORDS = (
    *("u", "v", "x", "t", "y", "nu", "name", "boundary", "kan", "product", "mlp", "adam", "lbfgs"),
    *("climb", "march", "bspline", "chebyshev", "full", "on", "~", "true", "1e3", "0x1F", ".inf"),
    *(".nan", "1:30", "x=0", "periodic", "sobol", "cpu", "cuda", "none", "../u.csv", "/etc/passwd"),
    *("steps", "lr", "network.degree", "training.0.adam.steps", "seed", "accuracy", "rmse"),
    *("relative_l2", "domain.x.1", "../poisson.yaml"),
)
MARKS = (
    "&a ",
    "*a",
    "\t",
    ": ",
    "{",
    "]",
    "- ",
    "!!python/name:os ",
    "|\n",
    "#",
    "'",
    "\n",
    "<<: ",
)
PLACES = (
    "x = 0",
    "x = 1",
    "t = 0",
    "boundary",
    "x = 0, t = 0",
    "x=0.5",
    "y = 0",
    "x = nu",
    "x",
    "",
)
ENDS = (-1, 0, 1, 2.5, "pi", "2*nu", "1/nu", 1e308, -1e308, 1e-308, "x", None)

words = st.sampled_from(WORDS)
formulas = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
equations = formulas | st.tuples(formulas, formulas).map(" = ".join) | st.text(max_size=40)
scalars = (
    words | formulas | st.integers(-3, 10**20) | st.floats() | st.booleans() | st.none()
) | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=8,
)
held = st.just("u = 0") | equations
conditions = st.lists(
    st.fixed_dictionaries(
        {"where": st.sampled_from(PLACES) | st.lists(st.sampled_from(PLACES)), "that": held}
    )
    | st.fixed_dictionaries({"periodic": words})
    | values,
    max_size=4,
)
intervals = st.lists(st.sampled_from(ENDS), min_size=2, max_size=2) | st.just([0, 1]) | values
structures = st.fixed_dictionaries(
    {
        "domain": st.just({"x": [0, 1], "t": [0, 1]}) | st.dictionaries(words, intervals),
        "unknowns": st.just(["u"]) | st.lists(words, max_size=3),
        "equations": st.just(["u_t = nu*u_xx + u*u_x"]) | st.lists(equations, max_size=3),
        "conditions": conditions,
    },
    optional={
        "constants": st.just({"nu": 0.1}) | st.dictionaries(words, scalars, max_size=3),
        "exact": st.fixed_dictionaries({"u": formulas}) | values,
        "reference": st.fixed_dictionaries(
            {"file": words, "coordinates": values, "unknowns": values}
        ),
        "network": st.fixed_dictionaries(
            {"kind": words}, optional=dict.fromkeys(("width", "basis", "degree", "rank"), values)
        ),
        "training": st.lists(st.dictionaries(words, values, max_size=2), max_size=3),
        "weights": st.dictionaries(words, scalars, max_size=2),
        "sampling": values,
        **dict.fromkeys(("name", "accuracy", "seed", "dtype", "device", "time_limit"), scalars),
    },
)
changed = st.dictionaries(words, st.lists(values, max_size=4), max_size=3)
sweeps = st.fixed_dictionaries(
    {},
    optional={
        "problem": st.just("../poisson.yaml") | words,
        "function": st.fixed_dictionaries({"inputs": values, "formula": formulas}),
        "settings": st.dictionaries(words, values, max_size=2),
        "crossed": changed,
        "zipped": changed,
        "listed": st.lists(st.dictionaries(words, values, max_size=2), max_size=3),
        "fit": values,
        "budget": values,
        "name": scalars,
    },
)


def written(structure):
    """A structure as YAML, as far as YAML has characters for it."""
    return yaml.safe_dump(structure)


@st.composite
def edited(draw, texts):
    """A text that is in order, with some of its pieces cut out, repeated or replaced."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.integers(0, 12))
        piece = draw(formulas | words | st.sampled_from(MARKS) | st.text(max_size=4))
        text = text[:start] + piece + text[end:]
    return text


@st.composite
def flipped(draw, content):
    """Bytes with some of them changed, perhaps cut short."""
    damaged = bytearray(content)
    for _ in range(draw(st.integers(1, 8))):
        place = draw(st.integers(0, len(damaged) - 1))
        damaged[place] = draw(
            st.sampled_from((0, 1, 255, damaged[place] ^ 1)) | st.integers(0, 255)
        )
    return bytes(damaged[: draw(st.just(len(damaged)) | st.integers(0, len(damaged)))])


files = st.builds(written, structures) | edited(SHIPPED) | st.text(max_size=60)
sweep_files = st.builds(written, sweeps) | edited(SWEEPS)
