"""Problem files drawn at random whose solutions have features much narrower than the domain.

A wave and one to three of: fronts, pulses and kinks, of any place, height and width; one linear
equation of second order with a small highest derivative, or one of first order in time.
"""

from random import Random

from drawn.kinds import Place, Statement
from drawn.problems import Manufactured, written
from drawn.solutions import Axis, rounded

_WIDTHS, _HEIGHTS = (-6.0, -0.7), (-2.0, 1.0)
ACCURACY = 1e-9


def narrow(seed: int, number: int, limit: float) -> Manufactured:
    """The problem of a number; the same for the same seed. `limit` is its time limit [s]."""
    chance = Random(f"narrow {seed} {number}")
    steady = chance.random() < 0.5
    axis = Axis("x" if steady else "t", 0.0, 1.0)
    speed, phase = rounded(chance.uniform(1.0, 12.0)), rounded(chance.uniform(0.0, 6.0))
    wave = f"sin({speed}*{axis.name} + {phase})"
    parts = [wave, *(_part(chance, axis.name) for _ in range(chance.randint(1, 3)))]
    decay = rounded(chance.uniform(0.0, 2.0), 2)
    if steady:
        small = rounded(10.0 ** chance.uniform(-6.0, 0.0), 2)
        drift = chance.choice([-1, 0, 1])
        equation = f"{small}*u_xx + {drift}*u_x - {decay}*u"
        ends = ((Place((("x", 0.0),)), "u"), (Place((("x", 1.0),)), "u"))
    else:
        equation, ends = f"u_t + {decay}*u", ((Place((("t", 0.0),)), "u"),)
    text = written(Statement((axis,), {"u": " + ".join(parts)}, (equation,), ends))
    name = f"narrow_{seed}_{number}"
    settings = f"name: {name}\naccuracy: {ACCURACY:g}\ntime_limit: {limit:g}\n"
    kind = "narrow, steady" if steady else "narrow, in time"
    return Manufactured(name, kind, "narrow", ACCURACY, settings + text)


def _part(chance: Random, name: str) -> str:
    """A front, a pulse, or a kink of the second or third derivative."""
    place, width = rounded(chance.uniform(0.02, 0.98)), rounded(10.0 ** chance.uniform(*_WIDTHS), 3)
    height = rounded(chance.choice([-1, 1]) * 10.0 ** chance.uniform(*_HEIGHTS), 3)
    away = f"({name} - {place})"
    shapes = [
        f"tanh({away}/{width})",
        f"exp(-({away}/{width})^2)",
        f"{away}^2*step({away})",
        f"abs({away})^3",
    ]
    return f"({height})*{chance.choice(shapes)}"
