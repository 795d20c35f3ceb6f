"""What a run leaves in its folder now and then, to go on from there."""

from pathlib import Path
from time import monotonic
from typing import final

import torch

from pikan.files.atomic import write_bytes
from pikan.monitor import Monitor
from pikan.problem.statement import Problem
from pikan.report.report import versions
from pikan.solvers.replay import Event
from pikan.storage.checkpoint import Checkpoint, write_checkpoint
from pikan.storage.data_files import kept_data
from pikan.storage.file import FILE
from pikan.storage.folder import clear_halves, clear_results
from pikan.storage.replay_log import ReplayLog
from pikan.storage.serialize import serialize

# How often a run is kept while it trains [s], if that takes no more than this share of the time.
EVERY, SHARE = 60.0, 0.02


@final
class Checkpointer:
    """Leaves in a folder what a run needs to go on, now and then; `last` is what it left last.

    `spec` is the text of the resolved problem file, `reasons` say what was chosen in it. `folder`
    is None where nothing is to be left anywhere.
    """

    def __init__(
        self,
        spec: str,
        reasons: tuple[str, ...],
        problem: Problem,
        journal: ReplayLog,
        monitor: Monitor,
        folder: Path | None,
        every: float,
        last: Checkpoint | None,
    ) -> None:
        self.journal, self.monitor, self.last = journal, monitor, last
        self.spec, self.reasons = spec, reasons
        self._problem, self._folder, self._every = problem, folder, every
        self._due = monotonic() + every
        if folder is not None:
            clear_halves(folder)

    def write_if_due(self, event: Event, *, now: bool) -> None:
        """Leave what the run needs after an event, if it is time or has to be now."""
        began = monotonic()
        if self._folder is None or not (now or began >= self._due):
            return
        first = self.last is None
        if first:
            for path, content in kept_data(self._problem, self._folder).items():
                write_bytes(path, content)
        self.last = Checkpoint(
            spec=self.spec,
            reasons=self.reasons,
            versions=versions(),
            threads=torch.get_num_threads(),
            clock=self.monitor.clock(),
            history=tuple(self.monitor.history),
            frames=self.journal.frames(),
            in_progress=serialize(event.in_progress),
        )
        write_checkpoint(self._folder / FILE, self.last)
        if first:
            # They are those of a run whose archive has just gone.
            clear_results(self._folder)
        self._due = monotonic() + max(self._every, (monotonic() - began) / SHARE)
