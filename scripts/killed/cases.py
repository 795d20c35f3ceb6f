"""Small runs through every kind of training, which take a second or two."""

HEAT = """
name: rod
domain: {x: [0, 1], t: [0, 1]}
constants: {alpha: 0.1}
unknowns: [u]
equations: [u_t = alpha*u_xx]
conditions: [{where: t = 0, that: u = sin(pi*x)}, {where: boundary, that: u = 0}]
exact: {u: exp(-alpha*pi^2*t)*sin(pi*x)}
"""
SHORT = """
sampling: {interior: {method: sobol, points: 64}, faces: {method: uniform, points: 8}}
training:
  - adam: {steps: 60, lr: 0.01, weights: balance}
  - resample: {}
  - ssbroyden: {steps: 20}
  - refine: {grid: 6}
  - lbfgs: {steps: 20}
  - gauss_newton: {steps: 10}
"""
CASES = {
    "stages": HEAT + SHORT + "network: {kind: kan, width: [2, 4, 1], grid: 3}\n",
    "windows": HEAT + SHORT + "network: {kind: kan, width: [2, 3, 1], grid: 3, windows: 2}\n",
    "march": """
name: fisher
domain: {x: [-2, 2], t: [0, 0.2]}
unknowns: [u]
equations: [u_t = u_xx + u*(1 - u)]
conditions:
  - {where: t = 0, that: u = (1 + exp(x/sqrt(6)))^(-2)}
  - {where: boundary, that: u = (1 + exp((x - 5*t/sqrt(6))/sqrt(6)))^(-2)}
accuracy: 1e-5
""",
    "climb": """
name: curved
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_xx = u^3 - exp(x)]
conditions: [{where: x = 0, that: u = 0}, {where: x = 1, that: u = 1}]
accuracy: 1e-6
""",
    "rank": """
name: four
domain: {x1: [0, 1], x2: [0, 1], x3: [0, 1], x4: [0, 1]}
unknowns: [u]
equations: [laplacian(u) = -sin(x1 + x2)*exp(x3)]
conditions: [{where: boundary, that: u = x1*x4 + cos(x2)}]
accuracy: 1e-2
""",
}
