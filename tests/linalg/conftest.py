"""Fixtures of the tests of optimizers, for those of linear algebra."""

from tests.optimize.conftest import double, forward

__all__ = ["double", "forward"]
