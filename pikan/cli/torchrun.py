"""Under `torchrun` several processes solve one problem; the first one prints and writes."""

import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory


def processes() -> int:
    """How many processes `torchrun` has started; one where it has not."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def one_output_folder(out: Path | None) -> Generator[Path | None]:
    """The folder for results: as asked in the first process, one that goes again in all others.

    Inside, the processes that `torchrun` has started know of each other.
    """
    if processes() == 1:
        yield out
        return
    import torch
    import torch.distributed as dist

    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    try:
        if dist.get_rank() == 0:
            yield out
            return
        with ExitStack() as stack:
            nowhere = stack.enter_context(Path(os.devnull).open("w"))
            stack.enter_context(redirect_stdout(nowhere))
            stack.enter_context(redirect_stderr(nowhere))
            yield Path(stack.enter_context(TemporaryDirectory()))
    finally:
        dist.destroy_process_group()
