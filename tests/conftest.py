"""What all tests share: problem files, data and the skipping of what cannot run here."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Tests are small, and each process of several has its core; torch reads this when it is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Times on shared machines say nothing about an example, and the same examples come every time:
# more of them with `--hypothesis-profile slow`, others with `--hypothesis-profile fresh`.
settings.register_profile("pikan", deadline=None, derandomize=True)
settings.register_profile("slow", settings.get_profile("pikan"), max_examples=2000)
settings.register_profile("fresh", settings.get_profile("slow"), derandomize=False)
settings.load_profile("pikan")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def root() -> Path:
    """The folder of the project."""
    return ROOT


@pytest.fixture
def data() -> Path:
    """The folder of the data of the tests."""
    return ROOT / "tests" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests of accelerators where there is none."""
    wanted = [item for item in items if item.get_closest_marker("gpu")]
    if not wanted:
        return
    import torch

    if not torch.cuda.is_available():
        for item in wanted:
            item.add_marker(pytest.mark.skip(reason="there is no CUDA accelerator here"))
