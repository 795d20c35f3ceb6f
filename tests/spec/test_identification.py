"""What the data cannot tell apart is said before anything is solved."""

import pytest

from pikan.spec import formulas, reader
from pikan.spec.faults import SpecError

TEXT = """
domain: {{t: [0, 1]}}
unknowns: [u]
equations: ["{equation}"]
find: {find}
data: [{{file: data.csv, coordinates: {{t: t}}, unknowns: {{u: u}}}}]
"""


def stated(folder, equation, find):
    (folder / "data.csv").write_text("t,u\n" + "".join(f"{i / 10},{i}\n" for i in range(11)))
    text = TEXT.format(equation=equation, find=find)
    return formulas.problem(reader.parse_spec(text, "x.yaml", folder, {}, "x"))


@pytest.mark.parametrize(
    ("equation", "find", "said"),
    [
        ("m*u_tt + 2*g*u_t + k*u = 0", "{m: 1, g: 1, k: 1}", "same with m, g and k all times any"),
        ("c*u_t = c*u", "{c: 1}", "'c' cancels out"),
    ],
)
def test_constants_of_which_only_ratios_are_told_are_refused(tmp_path, equation, find, said):
    with pytest.raises(SpecError, match=said):
        stated(tmp_path, equation, find)


@pytest.mark.parametrize("equation", ["m*u_tt + g*u_t + u = 0", "m*u_tt + g*u = sin(t)"])
def test_constants_beside_a_term_without_them_are_found(tmp_path, equation):
    assert len(stated(tmp_path, equation, "{m: 1, g: 1}").find) == 2


def test_a_discovery_takes_one_grid_of_an_unknown(tmp_path):
    (tmp_path / "data.csv").write_text("t,u\n" + "".join(f"{i / 30},{i}\n" for i in range(31)))
    text = """
domain: {t: [0, 1]}
unknowns: [u]
discover: [{left: u_t, candidates: [u, u^2]}]
data: [{file: data.csv, unknowns: {u: u}}, {file: data.csv, unknowns: {u: u}}]
"""
    with pytest.raises(SpecError, match="'u' is measured 2 times; a discovery takes one grid"):
        formulas.problem(reader.parse_spec(text, "x.yaml", tmp_path, {}, "x"))
