"""What every stage of training offers in a problem file."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from pikan.problem.statement import Problem
from pikan.spec.faults import Keys
from pikan.spec.networks import Network
from pikan.spec.parts import FilePart

# Numbers kept for each parameter and each row beside all matrices: where a stage stands, and its
# residual under way, weights and times.
BESIDE = 12


class StageSize(NamedTuple):
    """The rows that a stage works on, its parameters, those in the last layer, and the partials.

    `partials` is how many partial derivatives the problem needs, whatever unknown they are of.
    """

    rows: int
    parameters: int
    last: int
    partials: int


class TrainingStage(FilePart):
    """A stage by its word: a mapping with one key, which has the settings.

    `made_by` is the module and the class that it becomes, None for a whole schedule. The class
    takes the settings that are given, by their keys, or by the names that `arguments` has for
    them. `follows` is the whole schedule that a whole schedule may take over from where that fails.
    `dense` says that a stage keeps matrices, `chunked` that it takes points in chunks.
    """

    made_by: ClassVar[tuple[str, str] | None]
    arguments: ClassVar[tuple[tuple[str, str], ...]] = ()
    follows: ClassVar[str | None] = None
    dense: ClassVar[bool] = False
    chunked: ClassVar[bool] = False

    @classmethod
    def word(cls) -> str:
        """What the stage is called in a file."""
        return next(iter(cls.model_fields))

    @property
    def settings(self) -> FilePart:
        """The settings of the stage."""
        return getattr(self, self.word())

    @abstractmethod
    def numbers(self, size: StageSize) -> int:
        """About how many numbers it keeps, beside those of its points."""

    @abstractmethod
    def faults(self, network: Network | None, problem: Problem) -> Iterator[tuple[Keys, str]]:
        """What does not suit a problem or a network: the way to a setting, and a sentence."""


class BoundedStage(TrainingStage):
    """A stage whose memory need not be known beforehand: it keeps to limits of its own."""

    def numbers(self, size: StageSize) -> int:
        """Nothing that is known beforehand."""
        return 0
