"""Runs side by side on a cluster, by way of Dask distributed."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, final

from pikan.sweeps.executor import TRIES, Executor, JobEvent
from pikan.sweeps.record import FAILED, KILLED, Job, Result
from pikan.sweeps.worker import answer, reason

if TYPE_CHECKING:
    from distributed import Client, Future

_HEARTBEAT = 0.2
"""At the latest after this time the caller hears something [s]."""
_PATIENCE = 10
"""So long a scheduler may take to answer [s]."""


@final
class SchedulerError(ValueError):
    """There is no Dask, no scheduler at an address, or it has gone."""


def cluster(address: str, threads: int, limit: float | None) -> Executor:
    """The workers of the scheduler at an address such as `tcp://host:8786`.

    They have to see the folder of the sweep under the same path. Dask gives the runs of a worker
    that dies to another; `limit` [s] is asked after every step of a run. SchedulerError where
    there is no scheduler, or none any more.
    """
    return partial(_execute, address=address, threads=threads, limit=limit)


def _execute(
    tasks: Sequence[Job], address: str, threads: int, limit: float | None
) -> Generator[JobEvent, None, None]:
    waiting = list(tasks)
    tries: dict[int, int] = {}
    begun: set[int] = set()
    futures: dict[Future[Result], Job] = {}
    with _connect(address) as client:
        while waiting or futures:
            for task in waiting:
                tries[task.run] = tries.get(task.run, 0) + 1
                # Impure: Dask would else answer with what it knows of the first time.
                # Paths that mean the same in whatever folder a worker was started.
                folder, beside = (str(Path(path).resolve()) for path in (task.folder, task.beside))
                sent = replace(task, folder=folder, beside=beside)
                future = client.submit(answer, sent, threads, limit, pure=False)
                futures[future] = task
            waiting = []
            by_worker = client.processing()
            # A client that waits for its answers, as this one does, gives no coroutine.
            assert isinstance(by_worker, Mapping)
            at_work = {key for keys in by_worker.values() for key in keys}
            runs = [task.run for future, task in futures.items() if future.key in at_work]
            fresh = [run for run in runs if run not in begun]
            begun.update(fresh)
            yield from (JobEvent(run, None, tries[run]) for run in fresh)
            for future in [one for one in futures if one.done()]:
                task, result = futures.pop(future), _result(future, address)
                if result.outcome == FAILED and tries[task.run] < TRIES:
                    waiting.append(task)
                else:
                    yield JobEvent(task.run, result, tries[task.run])
            yield JobEvent()
            sleep(_HEARTBEAT)
            if client.status == "closed":
                raise _gone(address)


@contextmanager
def _connect(address: str) -> "Generator[Client]":
    """A client of a scheduler, which forgets what is waiting when the block ends."""
    try:
        from distributed import Client
    except ImportError:
        message = "needs Dask; install it with: pip install 'pikan[cluster]'"
        raise SchedulerError(f"--scheduler {address}: {message}") from None
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        message = "no scheduler answers there; start one with: dask scheduler"
        raise SchedulerError(f"--scheduler {address}: {message} ({reason(error)})") from None
    try:
        yield client
    except OSError:
        raise _gone(address) from None
    finally:
        client.close()


def _result(future: "Future[Result]", address: str) -> Result:
    """What came of a run that has ended."""
    if future.cancelled():
        raise _gone(address)
    try:
        result = future.result()
        assert isinstance(result, Result)
        return result
    except Exception as error:  # noqa: BLE001  of a worker, such as that it has no pikan
        outcome = KILLED if type(error).__name__ == "KilledWorker" else FAILED
        return Result(outcome, reason(error))


def _gone(address: str) -> SchedulerError:
    message = "the scheduler has gone; the same command goes on where it stopped"
    return SchedulerError(f"--scheduler {address}: {message}")
