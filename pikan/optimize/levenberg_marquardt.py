"""Levenberg-Marquardt: damped Gauss-Newton steps."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import scaled_least_squares
from pikan.linalg.frontal import FrontalJacobian, fronts
from pikan.linalg.jacobian import DampedSteps, DenseJacobian, Jacobian, LeastSquaresModel
from pikan.optimize.linear_least_squares import CUTOFF, last_layer
from pikan.optimize.objective import LeastSquares, Objective, least_squares
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import Stage, StageProgress, State, progress, start_failure

# The loss must fall over this many steps; a single step may well be a poor one.
SPAN = 20

# Damping so small, relative to columns of length one, that a step is as good as Gauss-Newton's.
SLIGHT = 1e-6

# Geodesic acceleration: the length of the probe in parts of the step; a correction of up to so much
# of the step, twice its length by the step's, is taken, and one beyond the second asks for damping.
PROBE, TAKEN, REFUSED = 0.1, 0.75, 3.0
# Bending of r below so many times its rounding is none.
FELT = 100.0

# D of columns that are to be free of damping, relative to their lengths.
FREE = 1e-5


@final
@dataclass(frozen=True)
class LevenbergMarquardt(Stage):
    """Steps s of least |r + J s|² + λ|D s|², with D the largest lengths of J's columns so far.

    Of a length that was seen `memory` is kept from step to step: 1 for the largest ever. A
    `geodesic` step has half its second derivative added, a of least |r'' + 2 J a|² + λ|2 D a|² for
    the second derivative r'' of r along s, taken from one residual on the way, as long as a is
    short; it needs a Jacobian with all its entries in one process, and is left out elsewhere.

    An objective that can be drawn anew is, after every `redraw` steps and where it has converged
    before, at the point where it then stands; None for never.

    λ starts at `damping`, falls to as little as a tenth after a good step and grows after a bad
    one, so that close to a solution the step is Gauss-Newton's. Has converged once the linear
    model promises to change r by less than `tolerance` of itself, or by less than r's rounding.
    One QR of J a step, 2 r p², and one of 2p rows for each damping tried, 3 p³; where J has few
    entries, only a QR of its fronts for each damping tried.

    To `variable_projection` the last layer of an objective that is linear in it, its coefficients
    are solved for at every point, and the steps of the others are those on the residual that is
    then left, |r - Φ Φ⁺ r|² with Φ the last layer's columns, by Kaufman's approximation of its
    Jacobian: J without its part along Φ. They come out of the same QR, with no damping on the last
    layer.

    Source: Moré 1978, doi 10.1007/BFb0067700 (scaling); Madsen, Nielsen, Tingleff 2004, Methods
    for Non-Linear Least Squares Problems, section 3.2 (damping); Bates and Watts 1981,
    Technometrics 23, 179 (convergence); Golub and Pereyra 1973, doi 10.1137/0710036, Kaufman
    1975, doi 10.1007/BF01932995, Ruhe and Wedin 1980, doi 10.1137/1022057 (elimination);
    Transtrum and Sethna 2012, arXiv 1201.5885 (geodesic acceleration).
    """

    steps: int = 100
    damping: float = 1e-3
    tolerance: float = 1e-10
    variable_projection: bool = False
    geodesic: bool = False
    memory: float = 1.0
    redraw: int | None = None
    name: ClassVar[str] = "gauss_newton"

    def run(
        self, objective: Objective, theta: Float[Tensor, " p"], state: State | None = None
    ) -> Generator[StageProgress, None, Outcome]:
        """Ends converged, stalled, out of budget, or diverged where rows are not finite.

        With elimination step 0 is the start with its last layer solved for; NotLinearError where
        the objective is not linear in one.
        """
        source = least_squares(objective, self.name)
        part = last_layer(source) if self.variable_projection else slice(0, 0)
        at = (
            state
            if isinstance(state, LevenbergMarquardtState)
            else self.initial_state(source, theta, part)
        )
        if isinstance(at, Outcome):
            return at
        here, damping, scale, losses, draw = at.here, at.damping, at.scale, at.losses, at.draw
        objective = redraw(source, draw)
        jacobian_at = jacobian_operator(objective)
        for step in range(at.step, self.steps + 1):
            now = LevenbergMarquardtState(step, here, damping, scale, losses, draw)
            yield progress(self, objective, step, self.steps, here.theta, here.residual, now)
            if len(losses) > SPAN and losses[0] - here.loss <= self.tolerance * losses[0]:
                return Outcome("stalled", f"the loss has stopped falling after {step} steps")
            if step == self.steps:
                break
            jacobian = jacobian_at(here.theta)
            if where := objective.faults(jacobian.row_lengths()):
                return Outcome(
                    "diverged", f"{where} has infinite derivatives at gauss_newton step {step + 1}"
                )
            lengths = jacobian.column_lengths()
            scale = torch.maximum(self.memory * scale, lengths)
            model = model_at(here, jacobian, lengths, undamp(scale, part))
            curved = jacobian if self.geodesic and isinstance(jacobian, DenseJacobian) else None
            moved = move(objective, here, model, damping, self.tolerance, part, curved)
            ended = isinstance(moved, Outcome)
            here, damping = (here, damping) if ended else moved
            losses = (*losses, here.loss)[-SPAN - 1 :]
            due = self.redraw is not None and source.redraw is not None and step + 1 < self.steps
            if due and (ended or (step + 1) % (self.redraw or 1) == 0) and not same(draw, here):
                draw = Draw(0 if draw is None else draw.number + 1, here.theta)
                objective = redraw(source, draw)
                jacobian_at = jacobian_operator(objective)
                here = Iterate(here.theta, objective.residual(here.theta).detach())
                damping, losses = Damping(damping.value), (here.loss,)
                if where := objective.faults(here.residual):
                    return Outcome("diverged", f"{where} is not finite on new points")
            elif isinstance(moved, Outcome):
                return moved
        return Outcome(
            "out of budget",
            f"gauss_newton took its {self.steps} steps and the loss still fell; give it more",
        )

    def initial_state(
        self, objective: LeastSquares, theta: Float[Tensor, " p"], part: slice
    ) -> "LevenbergMarquardtState | Outcome":
        """The state before the first step, or why there is none."""
        here = Iterate(theta.detach().clone(), objective.residual(theta).detach())
        if where := objective.faults(here.residual):
            return start_failure(self.name, where)
        here = solve_linear_part(objective, here, part)
        damping, scale = Damping(self.damping), torch.zeros_like(here.theta)
        return LevenbergMarquardtState(0, here, damping, scale, (here.loss,), None)


class Iterate(NamedTuple):
    """A point and the residual there."""

    theta: Float[Tensor, " p"]
    residual: Float[Tensor, " r"]

    @property
    def loss(self) -> float:
        """½|r|²."""
        return 0.5 * float(self.residual.square().sum())


class Damping(NamedTuple):
    """λ, and the factor by which it grows at the next bad step."""

    value: float
    growth: float = 2.0

    def decrease(self, gain: float, smallest: float) -> "Damping":
        """After a step that gained `gain` times what the model promised."""
        return Damping(max(smallest, self.value * max(0.1, 1.0 - (2.0 * gain - 1.0) ** 3)))

    def increase(self) -> "Damping":
        """After a step that gained nothing."""
        return Damping(self.value * self.growth, 2.0 * self.growth)


class Draw(NamedTuple):
    """The last points that were drawn: how many were before, and where."""

    number: int
    theta: Float[Tensor, " p"]


@final
@dataclass(frozen=True)
class LevenbergMarquardtState(State):
    """The best point, λ, the largest lengths of columns, the losses of some steps, and the draw."""

    step: int
    here: Iterate
    damping: Damping
    scale: Float[Tensor, " p"]
    losses: tuple[float, ...]
    draw: Draw | None


class LinearModel(NamedTuple):
    """The linear model at a point in y = scale · s.

    `rounding` is the part of |r| that may be rounding, ε|D θ|: each product in J θ is off by ε.
    """

    model: LeastSquaresModel
    scale: Float[Tensor, " p"]
    rounding: float


def redraw(source: LeastSquares, draw: Draw | None) -> LeastSquares:
    """The objective on the points of a draw, on its own where there was none."""
    if draw is None or source.redraw is None:
        return source
    return source.redraw(draw.theta, draw.number)


def same(draw: Draw | None, here: Iterate) -> bool:
    """Whether points have been drawn at this very place."""
    return draw is not None and torch.equal(draw.theta, here.theta)


def jacobian_operator(objective: LeastSquares) -> Callable[[Float[Tensor, " p"]], Jacobian]:
    """The way to the Jacobian at a point: by its entries if there are few, else the whole.

    Where several processes share the rows each makes its own.
    """
    sparse, share = objective.sparse, objective.partition
    if share is not None:
        return lambda theta: share.at(theta, objective.blocks[-1].rows.stop)
    if sparse is None:
        return lambda theta: DenseJacobian(objective.jacobian(theta).detach())
    steps = fronts(sparse.columns, sparse.order)
    return lambda theta: FrontalJacobian(sparse, steps, sparse.values(theta))


def model_at(
    here: Iterate, jacobian: Jacobian, lengths: Float[Tensor, " p"], scale: Float[Tensor, " p"]
) -> LinearModel:
    """The linear model at `here`, where the columns of J have these lengths."""
    measured = torch.where(scale > 0.0, scale, torch.ones_like(scale))
    spread = float(torch.linalg.vector_norm(lengths * here.theta))
    rounding = torch.finfo(scale.dtype).eps * spread
    return LinearModel(jacobian.model(here.residual, measured), measured, rounding)


def undamp(scale: Float[Tensor, " p"], part: slice) -> Float[Tensor, " p"]:
    """D, so small in a part that damping hardly holds it; λ|D s|² still keeps it determined."""
    measured = scale.clone()
    measured[part] *= FREE
    return measured


def move(
    objective: LeastSquares,
    here: Iterate,
    model: LinearModel,
    damping: Damping,
    tolerance: float,
    part: slice,
    curved: DenseJacobian | None = None,
) -> tuple[Iterate, Damping] | Outcome:
    """The next place and damping, or how the stage ends if there is none.

    Steps follow the curvature of r where its Jacobian is given in `curved`.
    """
    eps = torch.finfo(here.theta.dtype).eps
    size = float(torch.linalg.vector_norm(here.residual))
    where = ""
    while damping.value * eps < 1.0:
        steps = model.model.damped_steps(damping.value) if curved is not None else None
        y = model.model.step(damping.value) if steps is None else steps.step()
        change = model.model.image_norm(y)
        slight = damping.value <= SLIGHT
        if change == 0.0 or (slight and change <= max(tolerance * size, model.rounding)):
            return Outcome("converged", "converged to a local minimum of the residual")
        bent = y
        if curved is not None and steps is not None:
            more = acceleration(objective, here, curved, model, steps, y)
            if more is None:
                damping = damping.increase()
                continue
            bent = y + more
        ahead = solve_linear_part(objective, trial(objective, here, bent / model.scale), part)
        where = objective.faults(ahead.residual)
        promised = 0.5 * change**2 + damping.value * float(y.square().sum())
        fall = 0.5 * float((here.residual - ahead.residual) @ (here.residual + ahead.residual))
        if not where and fall > 0.0:
            return ahead, damping.decrease(fall / promised, 1e3 * eps**2)
        # Such changes are too small for the loss to show, so its rise is no sign of a bad step.
        if slight and change <= max(eps**0.5 * size, 100.0 * model.rounding):
            return Outcome("converged", "the residual is the least that the precision can tell")
        damping = damping.increase()
    if where:
        return Outcome("diverged", f"{where} is not finite beside the best point of gauss_newton")
    if model.model.projection_norm() <= (1e3 * eps) ** 0.5 * size:
        return Outcome("converged", "the residual is the least that the precision can tell")
    return Outcome("stalled", "no step lowers the loss; start elsewhere, or use more parameters")


def acceleration(
    objective: LeastSquares,
    here: Iterate,
    jacobian: DenseJacobian,
    model: LinearModel,
    steps: DampedSteps,
    y: Float[Tensor, " p"],
) -> Float[Tensor, " p"] | None:
    """Half the second derivative of the way along r; None if it is far too long.

    Zero if it is long beside the step, and where r bends by no more than its rounding.
    """
    step = y / model.scale
    probed = objective.residual(here.theta + PROBE * step).detach()
    apart = probed - here.residual - PROBE * (jacobian.jacobian @ step)
    if float(torch.linalg.vector_norm(apart)) <= FELT * model.rounding:
        return torch.zeros_like(y)
    bending = 2.0 / PROBE**2 * apart
    more = 0.5 * steps.step_against((jacobian.jacobian.mT @ bending) / model.scale)
    share = 2.0 * float(torch.linalg.vector_norm(more) / torch.linalg.vector_norm(y))
    if share > REFUSED or not share < float("inf"):
        return None
    return more if share < TAKEN else torch.zeros_like(more)


def trial(objective: LeastSquares, here: Iterate, step: Float[Tensor, " p"]) -> Iterate:
    """The place a step away."""
    theta = here.theta + step
    return Iterate(theta, objective.residual(theta).detach())


def solve_linear_part(objective: LeastSquares, place: Iterate, part: slice) -> Iterate:
    """The place with the coefficients in `part` that are best there, if r is linear in them."""
    if part.start == part.stop or objective.faults(place.residual):
        return place
    design = objective.jacobian(place.theta).detach()[:, part]
    if objective.faults(design):
        return place
    change = scaled_least_squares(
        design, -place.residual, CUTOFF * torch.finfo(design.dtype).eps
    ).solution
    theta = place.theta.clone()
    theta[part] += change
    better = Iterate(theta, objective.residual(theta).detach())
    return better if better.loss < place.loss else place
