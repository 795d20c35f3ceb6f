"""What the tests of training share: double precision, and forward derivatives at the ready."""

import warnings

import pytest
import torch


@pytest.fixture(autouse=True)
def double():
    """float64 for the length of a test; the digits asked for are beyond float32."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture(autouse=True, scope="session")
def forward():
    """torch 2.13 warns of its own use of torch.jit at the first forward derivative."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.func.jacfwd(torch.sin)(torch.zeros(1))
