"""The public names of pikan: equations in a file solved by a KAN, and KANs as models.

A name is looked up when it is first used, so that `import pikan` stays quick: torch alone takes
longer to import than `pikan check` may take in all.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pikan.discovery import discover
    from pikan.kan.dataset import create_dataset, create_dataset_from_data
    from pikan.kan.kan import KAN
    from pikan.kan.kan_layer import KANLayer
    from pikan.kan.own_functions import add_symbolic
    from pikan.operator_files.run import learn_to_end as learn
    from pikan.operator_files.run import load
    from pikan.operators import operator
    from pikan.run import resume
    from pikan.run import solve_to_end as solve
    from pikan.solution import Solution
    from pikan.spec.schema import Spec
    from pikan.sweeps.sweep import sweep
    from pikan.symbolic.rounding import ex_round
    from pikan.training_events import tensorboard

__all__ = [
    "KAN",
    "KANLayer",
    "Solution",
    "Spec",
    "__version__",
    "add_symbolic",
    "create_dataset",
    "create_dataset_from_data",
    "discover",
    "ex_round",
    "learn",
    "load",
    "operator",
    "resume",
    "solve",
    "sweep",
    "tensorboard",
]
__version__ = "0.1.0"

_PLACES = {
    "KAN": ("pikan.kan.kan", "KAN"),
    "KANLayer": ("pikan.kan.kan_layer", "KANLayer"),
    "Solution": ("pikan.solution", "Solution"),
    "Spec": ("pikan.spec.schema", "Spec"),
    "add_symbolic": ("pikan.kan.own_functions", "add_symbolic"),
    "create_dataset": ("pikan.kan.dataset", "create_dataset"),
    "create_dataset_from_data": ("pikan.kan.dataset", "create_dataset_from_data"),
    "discover": ("pikan.discovery", "discover"),
    "ex_round": ("pikan.symbolic.rounding", "ex_round"),
    "learn": ("pikan.operator_files.run", "learn_to_end"),
    "load": ("pikan.operator_files.run", "load"),
    "resume": ("pikan.run", "resume"),
    "solve": ("pikan.run", "solve_to_end"),
    "sweep": ("pikan.sweeps.sweep", "sweep"),
    "tensorboard": ("pikan.training_events", "tensorboard"),
}


def __getattr__(name: str) -> object:
    """A public name, from the module in which it lives."""
    if name == "operator":
        return import_module("pikan.operators.operator")
    if name not in _PLACES:
        raise AttributeError(f"module 'pikan' has no attribute '{name}'")
    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    """The public names, for completion."""
    return __all__
