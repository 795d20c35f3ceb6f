import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pikan.problem.manufactured import residual_sizes
from pikan.spec.formulas import problem
from pikan.spec.reader import read_spec
from tests.inconsistent import inconsistencies

HEAT = {
    "domain": {"x": [0, 1], "t": [0, 1]},
    "unknowns": ["u"],
    "equations": ["u_t = 0.1*u_xx"],
    "conditions": [
        {"where": "t = 0", "that": "u = sin(pi*x)"},
        {"where": "x = 0", "that": "u = 0"},
        {"where": "x = 1", "that": "u_n = -pi*exp(-0.1*pi^2*t)"},
    ],
    "exact": {"u": "exp(-0.1*pi^2*t)*sin(pi*x)"},
}


@pytest.fixture
def stated(tmp_path):
    def build(**changes):
        file = tmp_path / "case.yaml"
        file.write_text(yaml.safe_dump({**HEAT, **changes}), encoding="utf-8")
        return problem(read_spec(file))

    return build


def test_the_solution_of_the_heat_equation_satisfies_it_to_rounding(stated):
    found = residual_sizes(stated())
    assert {one.label for one in found} == {"equation", "t = 0", "x = 0", "x = 1"}
    # A dozen operations, each exact to 1.1e-16 of its terms.
    assert all(one.relative < 1e-14 for one in found)


def test_a_wrong_sign_in_the_equation_is_named(stated):
    (said,) = inconsistencies(stated(equations=["u_t = -0.1*u_xx"]))
    assert said.startswith("the exact solution does not satisfy 'equation': residual ")
    assert said.endswith("is a sign wrong?")


def test_a_wrong_sign_in_an_outward_normal_is_named(stated):
    conditions = [*HEAT["conditions"][:2], {"where": "x = 1", "that": "u_n = pi"}]
    (said,) = inconsistencies(stated(conditions=conditions))
    assert "'x = 1'" in said


def test_a_wrong_initial_value_is_named(stated):
    conditions = [{"where": "t = 0", "that": "u = 2*sin(pi*x)"}, *HEAT["conditions"][1:]]
    (said,) = inconsistencies(stated(conditions=conditions))
    assert "'t = 0'" in said


def test_rounding_on_a_face_where_the_solution_vanishes_is_no_fault(stated):
    laplace = stated(
        domain={"x": [0, 1], "y": [0, 1]},
        equations=["0.1*(u_xx + u_yy) = 0"],
        conditions=[{"where": "boundary", "that": "u = sin(3*pi*x)*sinh(3*pi*y)"}],
        exact={"u": "sin(3*pi*x)*sinh(3*pi*y)"},
    )
    assert inconsistencies(laplace) == ()


def test_a_solution_that_is_not_periodic_is_named(stated):
    periodic = {
        "conditions": [HEAT["conditions"][0], {"periodic": "x"}],
        "domain": {"x": [0, 2], "t": [0, 1]},
    }
    assert inconsistencies(stated(**periodic)) == ()
    (said,) = inconsistencies(stated(**periodic | {"domain": {"x": [0, 1], "t": [0, 1]}}))
    assert "periodic x" in said


def test_a_solution_that_is_infinite_on_a_face_is_named(stated):
    (said,) = inconsistencies(
        stated(
            equations=["u_t = 0"],
            conditions=[{"where": "x = 0", "that": "u = 0"}],
            exact={"u": "log(x)"},
        )
    )
    assert said == "the exact solution is not finite where 'x = 0' must hold"


def test_zero_solves_a_homogeneous_problem(stated):
    conditions = [{"where": "boundary", "that": "u = 0"}, {"where": "t = 0", "that": "u = 0"}]
    assert inconsistencies(stated(conditions=conditions, exact={"u": 0})) == ()


def test_nothing_is_said_where_no_solution_is_known(stated):
    assert residual_sizes(stated(exact=None)) == ()


BURGERS = {
    "domain": {"x": [-1, 1], "t": [0, 1]},
    "constants": {"nu": 0.05},
    "equations": ["u_t + u*u_x = nu*u_xx"],
    "exact": {"burgers_cole_hopf": {"nu": "nu", "initial": "-sin(pi*x)"}},
}


def test_a_solution_by_quadrature_is_held_against_the_conditions(stated):
    right = [{"where": "t = 0", "that": "u = -sin(pi*x)"}, {"where": "boundary", "that": "u = 0"}]
    wrong = [{"where": "t = 0", "that": "u = sin(pi*x)"}, {"where": "boundary", "that": "u = 0"}]
    assert {one.label for one in residual_sizes(stated(**BURGERS, conditions=right))} == {
        "equation",
        "t = 0",
        "boundary",
    }
    assert inconsistencies(stated(**BURGERS, conditions=right)) == ()
    (said,) = inconsistencies(stated(**BURGERS, conditions=wrong))
    assert "'t = 0'" in said


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({"equations": ["u_t + u*u_x = 1.0001*nu*u_xx"]}, "equation"),
        ({"equations": ["u_t - u*u_x = nu*u_xx"]}, "equation"),
        ({"exact": {"burgers_cole_hopf": {"nu": "2*nu", "initial": "-sin(pi*x)"}}}, "equation"),
        ({"exact": {"burgers_cole_hopf": {"nu": "nu", "initial": "-sin(2*pi*x)"}}}, "t = 0"),
        ({"conditions": [{"where": "x = 1", "that": "u_n = 1"}]}, "x = 1"),
    ],
)
def test_another_equation_than_that_of_a_solution_by_quadrature_is_named(stated, changes, label):
    start = [{"where": "t = 0", "that": "u = -sin(pi*x)"}, {"where": "boundary", "that": "u = 0"}]
    (said,) = inconsistencies(stated(**{**BURGERS, "conditions": start, **changes}))
    assert f"does not satisfy '{label}'" in said


@given(wave=st.integers(1, 9), factor=st.floats(1e-3, 1e3), wrong=st.sampled_from([1, -1, 1.001]))
def test_any_wave_is_right_with_its_own_speed_only(tmp_path_factory, wave, factor, wrong):
    file = tmp_path_factory.mktemp("wave") / "wave.yaml"
    case = {
        **HEAT,
        "constants": {"c": factor, "w": wave},
        "equations": [f"u_tt = {wrong}*c^2*u_xx"],
        "conditions": [{"where": "boundary", "that": "u = 0"}],
        "exact": {"u": "sin(w*pi*x)*cos(w*pi*c*t)"},
    }
    file.write_text(yaml.safe_dump(case), encoding="utf-8")
    assert bool(inconsistencies(problem(read_spec(file)))) == (wrong != 1)
