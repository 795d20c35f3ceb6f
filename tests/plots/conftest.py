"""Fixtures of the tests of models and reports, for those of their figures."""

from tests.kan.conftest import _sparse, dataset, sparse
from tests.report.conftest import boxed

__all__ = ["_sparse", "boxed", "dataset", "sparse"]
