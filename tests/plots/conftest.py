"""Fixtures of the tests of models and reports, for those of figures."""

from tests.kan.conftest import _double, _sparse, dataset, sparse, untyped
from tests.report.conftest import boxed

__all__ = ["_double", "_sparse", "boxed", "dataset", "sparse", "untyped"]
