"""Where numbers go wrong a run says so: no false success, no traceback, no warning of a library."""

import re

import pytest

import pikan

ROD = "domain: {x: [0, 1]}\nunknowns: [u]\n"
# What a run must not end with is success.
HOPELESS = {
    "a pole": (
        (
            "domain: {t: [0, 2]}\nunknowns: [u]\nequations: [u_t = u^2]\n"
            "conditions: [{where: t = 0, that: u = 1}]\naccuracy: 1e-3\n"
        ),
        "no time slab after t = 1 ",
    ),
    "division by zero": (
        f"{ROD}equations: [u*u_x = 1/u]\nconditions: [{{where: x = 0, that: u = 0}}]\n",
        "in 'equation' 1/u has no value where u = 0",
    ),
    "overflow": (
        f"{ROD}equations: [u_xx = exp(1000*u)]\nconditions: [{{where: boundary, that: u = 1}}]\n",
        r"in 'equation' exp\(1000\*u\) has no value where u = ",
    ),
    "overflow under way": (
        (
            f"{ROD}equations: [u_xx = exp(50*u)]\nconditions: [{{where: boundary, that: u = 0}}]\n"
            "network: {kind: kan, width: [1, 4, 1]}\ntraining: [{adam: {steps: 200, lr: 10}}]\n"
        ),
        "'equation' is not finite after .* adam steps; lower its lr",
    ),
    "contradiction": (
        (
            f"{ROD}equations: [u_xx = 0]\n"
            "conditions: [{where: boundary, that: u = 0}, {where: boundary, that: u_n = 1}]\n"
        ),
        "contradict",
    ),
    "resonance": (
        (
            f"{ROD}equations: [u_xx + pi^2*u = sin(pi*x)]\n"
            "conditions: [{where: boundary, that: u = 0}]\n"
        ),
        "contradict",
    ),
    "no solution": (
        f"{ROD}equations: [u_x = sqrt(u) - 1]\nconditions: [{{where: x = 0, that: u = 0.01}}]\n",
        "equation",
    ),
    "a condition missing": (
        f"{ROD}equations: [u_xx = 1]\nconditions: [{{where: x = 0, that: u = 0}}]\n",
        "a condition is missing",
    ),
    "a constant missing": (
        (
            "domain: {x: [0, 1], y: [0, 1]}\nunknowns: [u]\nequations: [u_xx + u_yy = cos(pi*x)]\n"
            "conditions: [{where: boundary, that: u_n = 0}]\n"
        ),
        "the solution is not unique",
    ),
    "too many digits": (
        (
            f"{ROD}equations: [u_xx = sin(pi*x)]\nconditions: [{{where: boundary, that: u = 0}}]\n"
            "accuracy: 1e-12\ndtype: float32\n"
        ),
        "rounding leaves",
    ),
    "nothing that moves": (
        (
            f"{ROD}equations: [step(u_x) = 1/2]\nconditions: [{{where: x = 0, that: u = 1}}]\n"
            "network: {kind: kan, width: [1, 3, 1]}\ntraining: [{lbfgs: {steps: 20}}]\n"
        ),
        "no step along the gradient",
    ),
}
# What is merely large, small or far away is solved, to rounding.
STRANGE = {
    "huge": (f"{ROD}equations: [u_xx = 1e30*sin(pi*x)]\n", "-1e30*sin(pi*x)/pi^2"),
    "small": (f"{ROD}equations: [u_xx = 1e-30*sin(pi*x)]\n", "-1e-30*sin(pi*x)/pi^2"),
    "zero": (f"{ROD}equations: [u_xx = u]\n", "0"),
    "short": (
        "domain: {x: [0, 1e-12]}\nunknowns: [u]\nequations: [u_xx = 1e24*sin(1e12*pi*x)]\n",
        "-sin(1e12*pi*x)/pi^2",
    ),
    "far": (
        "domain: {x: [1e6, 1000001]}\nunknowns: [u]\nequations: [u_xx = sin(pi*(x - 1e6))]\n",
        "-sin(pi*(x - 1e6))/pi^2",
    ),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow if n == "no solution" else ()) for n in HOPELESS],
)
def test_what_has_no_solution_is_not_solved(name, tmp_path, capfd):
    text, message = HOPELESS[name]
    (tmp_path / "one.yaml").write_text(text, encoding="utf-8")
    solution = pikan.solve(tmp_path / "one.yaml")
    assert solution.outcome.kind in ("stalled", "diverged")
    assert re.search(message, solution.outcome.message)
    # LAPACK writes past Python.
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", STRANGE)
def test_strange_scales_are_no_trouble(name, tmp_path, capfd):
    text, exact = STRANGE[name]
    text = f"{text}conditions: [{{where: boundary, that: u = 0}}]\nexact: {{u: {exact}}}\n"
    (tmp_path / "one.yaml").write_text(text, encoding="utf-8")
    solution = pikan.solve(tmp_path / "one.yaml")
    assert solution.outcome.kind == "converged"
    assert solution.errors["u"].relative_l2 < 1e-12
    assert capfd.readouterr() == ("", "")
