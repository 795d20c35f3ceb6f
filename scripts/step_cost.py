"""What one training step costs: jets, nested autograd and pykan on the same work, in one run.

The work is the residual u_xx + u_yy at random points in a square and the gradient of its mean
square with respect to all parameters, on one thread. The network is a KAN of B-splines with a SiLU
base function. Beside it: a tanh perceptron of the same widths by nested autograd, and pykan 0.2.8
in `speed()` mode where `--pykan-python` names the interpreter of an environment that has it.

    python scripts/step_cost.py --pykan-python ~/pykan/bin/python
    python scripts/step_cost.py --widths 2 64 64 1 --dtype float32 --bases bspline chebyshev
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from subprocess import PIPE
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from benchmarks.timing import in_turns, timed

if TYPE_CHECKING:
    # The environment of pykan has no pikan.
    from pikan.network.base import Network

Step = Callable[[], tuple[Tensor, ...]]
Timed = Callable[[], float]


def main() -> None:
    """Measure what the command line asks for and print a table."""
    arguments = parsed()
    torch.set_num_threads(1)
    torch.set_default_dtype(getattr(torch, arguments.dtype))
    if arguments.as_pykan:
        answer(pykan_step(arguments))
        return
    ways: dict[str, Timed] = {
        "tanh perceptron, nested autograd": partial(
            elapsed, nested_step(perceptron(arguments), points(arguments))
        )
    }
    for basis in arguments.bases:
        jets, nested = pikan_steps(arguments, basis)
        agreement(jets(), nested())
        ways[f"{basis}, jets"] = partial(elapsed, jets)
        ways[f"{basis}, nested autograd"] = partial(elapsed, nested)
    if arguments.pykan_python is None:
        report(in_turns(ways, arguments.repeats), arguments.bases)
        return
    with twin(arguments.pykan_python) as pykan:
        ways["pykan 0.2.8, speed()"] = pykan
        report(in_turns(ways, arguments.repeats), arguments.bases)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[2, 8, 8, 1])
    parser.add_argument("--grid", type=int, default=8, help="cells of a spline")
    parser.add_argument(
        "--degree", type=int, default=3, help="of a spline; polynomials: of as many"
    )
    parser.add_argument("--bases", nargs="+", default=["bspline"])
    parser.add_argument("--points", type=int, default=4096)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float64")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--pykan-python", type=Path, help="an interpreter that can import kan")
    parser.add_argument("--as-pykan", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def points(arguments: argparse.Namespace) -> Tensor:
    """Random points in [-1, 1]^2, the same in every run."""
    generator = torch.Generator().manual_seed(0)
    return 2 * torch.rand(arguments.points, 2, generator=generator) - 1


def pikan_steps(arguments: argparse.Namespace, basis: str) -> tuple[Step, Step]:
    """One network of ours, by jets and by nested autograd."""
    network, inside = pikan_network(arguments, basis), points(arguments)
    return jets_step(network, inside), nested_step(network, inside)


def pikan_network(arguments: argparse.Namespace, basis: str) -> "Network":
    """A KAN with a SiLU base function; with the same number of functions whatever its basis."""
    from pikan.bases.from_word import on_interval
    from pikan.bases.registry import family
    from pikan.network.activation import silu
    from pikan.network.initialization import glorot
    from pikan.network.kan import KANNetwork

    count, degree = arguments.grid + arguments.degree, arguments.degree
    intervals = [torch.tensor([[-1.0, 1.0]]).repeat(nodes, 1) for nodes in arguments.widths[:-1]]
    bases = [
        on_interval(basis, interval, degree if family(basis).cells else count - 1, arguments.grid)
        for interval in intervals
    ]
    empty = KANNetwork(arguments.widths, bases, [-1.0, -1.0], [1.0, 1.0], silu)
    return glorot(empty.to(torch.get_default_dtype()), torch.Generator().manual_seed(0))


def jets_step(network: "Network", inside: Tensor) -> Step:
    """The work with closed-form derivatives."""
    from pikan.network import partials

    parameters = list(network.parameters())

    def step() -> tuple[Tensor, ...]:
        second = partials.partials(network, inside, [(2, 0), (0, 2)])
        return mean_square_gradient(second[2, 0] + second[0, 2], parameters)

    return step


def perceptron(arguments: argparse.Namespace) -> nn.Module:
    """A plain perceptron of torch's own parts."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for before, after in pairwise(arguments.widths):
        layers += [nn.Linear(before, after), nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def pykan_step(arguments: argparse.Namespace) -> Step:
    """The twin: what pykan makes of the same widths, grid and degree."""
    # Installed only in the environment of the interpreter that runs this.
    from kan import KAN  # pyright: ignore[reportMissingImports]

    network = KAN(
        width=arguments.widths, grid=arguments.grid, k=arguments.degree, seed=0, auto_save=False
    ).speed()
    return nested_step(network, points(arguments))


def nested_step(network: nn.Module, inside: Tensor) -> Step:
    """The same work by automatic differentiation, three deep."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]

    def step() -> tuple[Tensor, ...]:
        inputs = inside.clone().requires_grad_()
        slopes = gradient(network(inputs), inputs)
        second = [gradient(slopes[:, axis], inputs)[:, axis] for axis in range(2)]
        return mean_square_gradient(second[0] + second[1], parameters)

    return step


def gradient(values: Tensor, inputs: Tensor) -> Tensor:
    """The gradient of each value at its own point, itself differentiable."""
    return torch.autograd.grad(values.sum(), inputs, create_graph=True)[0]


def mean_square_gradient(residual: Tensor, parameters: list[nn.Parameter]) -> tuple[Tensor, ...]:
    """The gradient of the mean square with respect to the parameters."""
    return torch.autograd.grad(residual.square().mean(), parameters, allow_unused=True)


def agreement(ours: Iterable[Tensor], theirs: Iterable[Tensor]) -> None:
    """Both ways give the same gradient, or the times say nothing."""
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-3, atol=1e-4 * float(other.abs().max()))


def elapsed(step: Step) -> float:
    """The processor time of one step [s]."""
    return timed(step)[0]


@contextmanager
def twin(python: Path) -> Generator[Timed, None, None]:
    """The same measured by another interpreter with the same arguments, whenever it is asked."""
    command = [str(python), __file__, *sys.argv[1:], "--as-pykan"]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        questions, answers = process.stdin, process.stdout

        def ask() -> float:
            questions.write("\n")
            return float(next(line for line in answers if line.startswith(_ANSWER))[len(_ANSWER) :])

        yield ask
        questions.close()


def answer(step: Step) -> None:
    """The other end of `twin`: one measurement for every line that comes in."""
    for _ in sys.stdin:
        print(f"{_ANSWER}{elapsed(step)}", flush=True)


_ANSWER = "seconds: "


def report(found: Mapping[str, list[float]], bases: Sequence[str]) -> None:
    """A line for each, in milliseconds and in multiples of our jets, round by round."""
    heads = "".join(f"{'/ ' + basis:>12}" for basis in bases)
    print(f"{'one step':34}{'median':>10}{'least':>10}{heads}")
    for name, times in found.items():
        print(f"{name:34}{1e3 * median(times):7.1f} ms{1e3 * min(times):7.1f} ms", end="")
        for basis in bases:
            pairs = zip(times, found[f"{basis}, jets"], strict=True)
            print(f"{median(mine / ours for mine, ours in pairs):11.2f}x", end="")
        print()


if __name__ == "__main__":
    main()
