"""The course of a run as TensorBoard shows it."""

from collections.abc import Callable
from pathlib import Path

from pikan.monitor import Progress


def tensorboard(folder: str | Path) -> Callable[[Progress], None]:
    """A `callback` for `pikan.solve` that writes every step into a folder of events.

    The loss, the mean squares of its parts and the error, where one is known, against the steps of
    all stages counted on. `tensorboard --logdir FOLDER` shows them while the run goes on.
    ImportError that names the extra where TensorBoard is not there.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ImportError("needs TensorBoard; pip install 'pikan[tensorboard]'") from error

    writer, count = SummaryWriter(str(folder)), 0

    def write(progress: Progress) -> None:
        nonlocal count
        values = {"loss": progress.loss, "error": progress.error}
        values |= {f"part/{label}": value for label, value in progress.blocks.items()}
        for name, value in values.items():
            if value is not None:
                writer.add_scalar(name, value, count)
        writer.flush()
        count += 1

    return write
