"""Registry of stages: a new one is a file of its own and a line here."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Annotated, final

from pydantic import BeforeValidator, GetCoreSchemaHandler, Tag
from pydantic_core import CoreSchema

from pikan.expression.wording import word_list
from pikan.spec.stages.adam import AdamStage
from pikan.spec.stages.climb import ClimbStage
from pikan.spec.stages.continuation import ContinuationStage
from pikan.spec.stages.elements import ElementsStage
from pikan.spec.stages.gauss_newton import GaussNewtonStage
from pikan.spec.stages.identify import IdentifyStage
from pikan.spec.stages.lbfgs import LBFGSStage
from pikan.spec.stages.least_squares import LeastSquaresStage
from pikan.spec.stages.march import MarchStage
from pikan.spec.stages.minimize import MinimizeStage
from pikan.spec.stages.refine import RefineStage
from pikan.spec.stages.resample import ResampleStage
from pikan.spec.stages.ssbroyden import SSBroydenStage
from pikan.spec.stages.stage import TrainingStage
from pikan.spec.values import tagged_union

_KINDS: tuple[type[TrainingStage], ...] = (
    AdamStage,
    LBFGSStage,
    SSBroydenStage,
    LeastSquaresStage,
    GaussNewtonStage,
    ContinuationStage,
    ClimbStage,
    MarchStage,
    ElementsStage,
    IdentifyStage,
    MinimizeStage,
    RefineStage,
    ResampleStage,
)
STAGES: Mapping[str, type[TrainingStage]] = {kind.word(): kind for kind in _KINDS}
"""The stages by their words, in the order in which sentences list them."""


@final
class AnyStage:
    """Stands in an annotation for all stages, of which pydantic takes the one that a key names."""

    def __init__(self) -> None:
        kinds = [Annotated[kind, Tag(f"<{word}>")] for word, kind in STAGES.items()]
        self.union: object = Annotated[
            reduce(or_, kinds),
            tagged_union(
                lambda given: next((f"<{word}>" for word in STAGES if word in given), None),
                needs=f"one of the stages {word_list(STAGES)}",
            ),
            BeforeValidator(_with_settings),
        ]

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """How pydantic reads a stage."""
        del source
        return handler.generate_schema(self.union)


def _with_settings(given: object) -> object:
    """`- lbfgs` or `- lbfgs:` alone is a stage with all of its settings left out."""
    match given:
        case str() if given in STAGES:
            return {given: {}}
        case Mapping() if len(given) == 1 and set(given) <= STAGES.keys():
            return {
                stage: {} if settings is None else settings for stage, settings in given.items()
            }
        case _:
            return given


Stage = Annotated[TrainingStage, AnyStage()]
