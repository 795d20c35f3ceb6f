"""The plan where an energy is minimized."""

from pikan.planning.by_hand import with_values
from pikan.problem.classification import linear
from pikan.problem.statement import Problem
from pikan.spec.energies import descends
from pikan.spec.networks import ProductSettings
from pikan.spec.schema import Spec
from pikan.spec.stages.minimize import MinimizeSettings, MinimizeStage

# The accuracy aimed at, and that under bounds.
_ENERGIES, _BOUNDED = 1e-8, 1e-3


def is_minimized(spec: Spec) -> bool:
    """Whether an energy is not left to a network and stages of the file's own.

    In a region its equations and conditions are solved instead, which follow from it.
    """
    if spec.region is not None:
        return False
    own = isinstance(spec.network, ProductSettings | None)
    return own and (spec.training is None or isinstance(spec.training[0], MinimizeStage))


def with_built_in(spec: Spec) -> Spec:
    """The spec of a network whose stages go down along an energy: values on faces are built in.

    As rows they would have to be weighed against an integral of any size.
    """
    network = spec.network
    if network is None or network.conditions is not None or not descends(spec):
        return spec
    return with_values(spec, network=network.model_copy(update={"conditions": "built_in"}))


def plan_energy(spec: Spec, problem: Problem) -> tuple[Spec, tuple[str, ...]]:
    """The minimum of an energy, by Newton's method on it."""
    assert problem.energy is not None
    assert isinstance(spec.network, ProductSettings | None)
    bounded = bool(problem.energy.obstacles)
    accuracy = spec.accuracy or (_BOUNDED if bounded else _ENERGIES)
    chosen = with_values(spec.network or ProductSettings(kind="product"), rank="full")
    how = (
        "piecewise linear, the contact set by active sets; cells are halved"
        if bounded
        else "polynomials on cells that end where materials do, Gauss points; degrees rise"
    )
    kind = "a quadratic energy" if linear(problem) else "an energy"
    reason = f"{kind}, minimized by Newton's method: {how} until two levels agree to {accuracy:g}"
    training = spec.training or (MinimizeStage(minimize=MinimizeSettings()),)
    return with_values(spec, network=chosen, accuracy=accuracy, training=training), (reason,)
