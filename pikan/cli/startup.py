"""Start-up: quick imports."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def without_garbage_collection() -> Generator[None, None, None]:
    """Inside, nobody looks for garbage, and never again among what was made there.

    Modules stay until the end; looking through them again and again takes a fifth of the time
    that it takes to import torch.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
