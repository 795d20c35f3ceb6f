"""Runs side by side in processes of this machine."""

import math
import signal
import sys
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from time import monotonic
from types import ModuleType
from typing import final

from pikan.sweeps.executor import TRIES, Executor, JobEvent
from pikan.sweeps.record import FAILED, KILLED, LATE, Job, Result, late
from pikan.sweeps.worker import serve

_HEARTBEAT = 0.5
"""At the latest after this time the caller hears something [s]."""


def processes(workers: int, threads: int = 1, limit: float | None = None) -> Executor:
    """So many processes with so many threads each; a run may take `limit` [s] at most."""
    return partial(_execute, workers=workers, threads=threads, limit=limit)


@final
@dataclass
class _Worker:
    """A process, the line to it, and the run that it makes; idle without one.

    `since` is when the run began, after all imports; infinite before.
    """

    process: SpawnProcess
    line: Connection
    task: Job | None = None
    since: float = math.inf


def _execute(
    tasks: Sequence[Job], workers: int, threads: int, limit: float | None
) -> Generator[JobEvent, None, None]:
    waiting = deque(tasks)
    tries: dict[int, int] = {}
    staff: list[_Worker] = []
    try:
        while waiting or any(worker.task for worker in staff):
            busy = sum(worker.task is not None for worker in staff)
            while len(staff) < min(workers, busy + len(waiting)):
                staff.append(_start_worker(threads))
            for worker in [one for one in staff if one.task is None and waiting]:
                task = waiting.popleft()
                if _send(worker, task):
                    tries[task.run] = tries.get(task.run, 0) + 1
                    yield JobEvent(task.run, None, tries[task.run])
                else:
                    waiting.appendleft(task)
                    staff.remove(worker)
            for worker, result in _finished_workers(staff, limit):
                if worker.process.exitcode is not None or result.outcome in (KILLED, LATE):
                    _stop_worker(worker)
                    staff.remove(worker)
                task, worker.task = worker.task, None
                if task is None:
                    continue
                if result.outcome in (FAILED, KILLED) and tries[task.run] < TRIES:
                    waiting.appendleft(task)
                else:
                    yield JobEvent(task.run, result, tries[task.run])
            yield JobEvent()
    finally:
        for worker in staff:
            _stop_worker(worker)


def _start_worker(threads: int) -> _Worker:
    # Spawned, not forked: a fork takes locks along that nobody will ever open.
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there, threads), daemon=True)
    with _no_script():
        process.start()
    # With our copy of its end closed, the line breaks when the process dies.
    there.close()
    return _Worker(process, here)


@contextmanager
def _no_script() -> Generator[None]:
    """Inside, new processes do not run the script again that this one was started with.

    Else a script of one line, `pikan.sweep(...)`, would start a sweep in every worker.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _send(worker: _Worker, task: Job) -> bool:
    """Whether a task has reached a worker, which may be dead by now."""
    try:
        worker.line.send(task)
    except OSError:
        return False
    worker.task, worker.since = task, math.inf
    return True


def _finished_workers(
    staff: Sequence[_Worker], limit: float | None
) -> Iterator[tuple[_Worker, Result]]:
    """The workers with a result, dead or late ones among them, after at most a heartbeat."""
    wait([worker.line for worker in staff], timeout=_HEARTBEAT)
    for worker in list(staff):
        if worker.line.poll():
            try:
                answer = worker.line.recv()
                if answer is None:
                    worker.since = monotonic()
                else:
                    yield worker, answer
            except (EOFError, OSError):
                worker.process.join()
                yield worker, Result(KILLED, _cause(worker.process.exitcode or 0))
        elif worker.task is not None and limit is not None and monotonic() - worker.since > limit:
            yield worker, late(limit)


def _cause(code: int) -> str:
    """Why a process ended, from its exit code.

    >>> _cause(-9)
    'the process was ended by SIGKILL, as a system does that runs out of memory'
    """
    if code >= 0:
        return f"the process ended by itself with exit code {code}"
    with suppress(ValueError):
        name = signal.Signals(-code).name
        memory = ", as a system does that runs out of memory" if name == "SIGKILL" else ""
        return f"the process was ended by {name}{memory}"
    return f"the process was ended by signal {-code}"


def _stop_worker(worker: _Worker) -> None:
    # Before the line goes: a worker that finds it broken would complain.
    worker.process.kill()
    worker.process.join()
    worker.process.close()
    worker.line.close()
