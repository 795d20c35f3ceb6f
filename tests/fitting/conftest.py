"""Fixtures of the tests of models, for those of their fits."""

from tests.kan.conftest import _double, _sparse, dataset, sparse, untyped

__all__ = ["_double", "_sparse", "dataset", "sparse", "untyped"]
