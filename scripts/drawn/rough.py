"""Problem files drawn at random whose solutions are hard to find: rough, branched, or cut off.

Kinks, jumps where sides meet, features much narrower than the domain, nonlinear boundary problems
with layers or with two solutions, and smooth problems that a limit ends early.
"""

from collections.abc import Callable, Mapping
from math import cosh
from random import Random

from drawn.kinds import Place, Statement
from drawn.problems import Manufactured, manufactured, written
from drawn.solutions import drawn_axis, rounded

# So much later than the start, solutions that jump there have values everywhere.
_SOON = "1e-300"
# A smooth problem with less time than it takes.
_CUT = "cut off"


def rough(seed: int, number: int, limit: float) -> Manufactured:
    """The problem of a number; the same for the same seed. `limit` is its time limit [s]."""
    chance = Random(f"rough {seed} {number}")
    kind = [*KINDS, _CUT][number % (len(KINDS) + 1)]
    accuracy = rounded(10.0 ** chance.uniform(-10.0, -3.0), 1)
    name = f"{kind}_{seed}_{number}".replace(" ", "_")
    settings = f"name: {name}\naccuracy: {accuracy:g}\n"
    if kind == _CUT:
        _, _, stated = manufactured(seed, number, limit).text.partition("domain:")
        seconds = rounded(10.0 ** chance.uniform(-1.0, 0.3), 2)
        text = f"time_limit: {seconds:g}\ndomain:{stated}"
    else:
        text = f"time_limit: {limit:g}\n{KINDS[kind](chance)}"
    return Manufactured(name, kind, kind, accuracy, settings + text)


def _kink(chance: Random) -> str:
    """A source that jumps or has a kink."""
    axis = drawn_axis(chance, "x")
    place = rounded(axis.lower + axis.length * chance.uniform(0.2, 0.8))
    power = chance.choice([2, 3])
    wave = rounded(chance.uniform(1.0, 5.0))
    jump = f"(x - {place})*abs(x - {place})" if power == 2 else f"abs(x - {place})^3"
    ends = tuple((Place((("x", end),)), "u") for end in (axis.lower, axis.upper))
    return written(Statement((axis,), {"u": f"{jump} + 0.2*sin({wave}*x)"}, ("u_xx - u",), ends))


def _kinked_start(chance: Random) -> str:
    """Heat that starts with a kink."""
    spread, place = rounded(10.0 ** chance.uniform(-1.5, 0.0), 2), rounded(chance.uniform(0.2, 0.8))
    time = f"(4*{spread}*t + {_SOON})"

    def at(x: str) -> str:
        away = f"({x} - {place})"
        return f"{away}*erf({away}/sqrt{time}) + sqrt({time}/pi)*exp(-{away}^2/{time})"

    return _heat(spread, f"abs(x - {place})", at)


def _jump(chance: Random) -> str:
    """Heat that enters at once from one end."""
    spread = rounded(10.0 ** chance.uniform(-2.0, -0.5), 2)
    return _heat(spread, "0", lambda x: f"erfc({x}/sqrt(4*{spread}*t + {_SOON}))")


def _heat(spread: float, start: str, at: Callable[[str], str]) -> str:
    ends = "".join(f"  - {{where: x = {end}, that: 'u = {at(end)}'}}\n" for end in "01")
    return (
        f"domain: {{x: [0, 1], t: [0, 1]}}\nunknowns: [u]\nequations: [u_t = {spread}*u_xx]\n"
        f"conditions:\n  - {{where: t = 0, that: 'u = {start}'}}\n{ends}exact: {{u: '{at('x')}'}}\n"
    )


def _corner(chance: Random) -> str:
    """A side that is hotter than its neighbor."""
    height, hot = rounded(chance.uniform(0.5, 2.0)), rounded(chance.uniform(0.5, 5.0), 2)
    formula = f"{hot}*2/pi*atan(y/(x + {_SOON}))"
    return (
        f"domain: {{x: [0, 1], y: [0, {height}]}}\nunknowns: [u]\nequations: [laplacian(u) = 0]\n"
        f"conditions:\n  - {{where: x = 0, that: u = {hot}}}\n  - {{where: y = 0, that: u = 0}}\n"
        f"  - {{where: [x = 1, y = {height}], that: 'u = {formula}'}}\nexact: {{u: '{formula}'}}\n"
    )


def _narrow(chance: Random) -> str:
    """A pulse or a front of a thousandth to a thirtieth of the domain."""
    axis = drawn_axis(chance, "x", 1.0, 5.0)
    width = rounded(axis.length * 10.0 ** chance.uniform(-3.0, -1.5))
    place = rounded(axis.lower + axis.length * chance.uniform(0.2, 0.8))
    scaled = f"((x - {place})/{width})"
    shape = chance.choice([f"exp(-{scaled}^2)", f"tanh({scaled})", f"1/(1 + {scaled}^2)"])
    ends = tuple((Place((("x", end),)), "u") for end in (axis.lower, axis.upper))
    equation, places = chance.choice([("u_xx - u", ends), ("u_x + u", ends[:1])])
    return written(Statement((axis,), {"u": f"{shape} + sin(x)"}, (equation,), places))


def _branched(chance: Random) -> str:
    """Bratu's problem, on either of its two solutions."""
    theta = rounded(chance.uniform(0.5, 8.0), 4)
    strength = theta**2 / (2.0 * cosh(theta / 4.0) ** 2)
    formula = f"-2*log(cosh({theta}/2*(x - 1/2))/cosh({theta}/4))"
    return (
        f"domain: {{x: [0, 1]}}\nunknowns: [u]\nequations: [u_xx + {strength!r}*exp(u) = 0]\n"
        f"conditions: [{{where: boundary, that: u = 0}}]\nexact: {{u: '{formula}'}}\n"
    )


def _layer(chance: Random) -> str:
    """A front between two ends in a nonlinear boundary problem."""
    thin = rounded(10.0 ** chance.uniform(-2.5, -0.5), 2)
    place = rounded(chance.uniform(-0.5, 0.5), 2)
    ends = tuple((Place((("x", end),)), "u") for end in (-1.0, 1.0))
    axis = drawn_axis(chance, "x")._replace(lower=-1.0, upper=1.0)
    formula = f"-tanh((x - {place})/(2*{thin}))"
    equation = f"{thin}*u_xx - u*u_x"
    return written(Statement((axis,), {"u": formula}, (equation,), ends))


KINDS: Mapping[str, Callable[[Random], str]] = {
    "kink": _kink,
    "kinked start": _kinked_start,
    "jump": _jump,
    "corner": _corner,
    "narrow": _narrow,
    "branched": _branched,
    "layer": _layer,
}
