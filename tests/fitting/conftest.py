"""Fixtures of the tests of models, for those of their fits."""

from tests.kan.conftest import untyped

__all__ = ["untyped"]
