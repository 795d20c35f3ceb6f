"""The tests of a room: which lines each one runs, and what they say of a changed file.

Everything runs in forks of this process, which has all that is slow to import, but nothing of
pikan. Types are not checked at run time, which would notice more.
"""

import json
import math
import multiprocessing
import os
import resource
import signal
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from importlib.machinery import SourceFileLoader
from itertools import accumulate
from pathlib import Path
from types import CodeType
from typing import NamedTuple

import coverage
import pytest
from hypothesis import Phase, settings

from mutated.changes import compiled, statement

# The tests may take so many times what they take unchanged, and so much more [s].
_PATIENCE, _LEAST = 5.0, 10.0
# The longest that the tests of a room take [s].
_LONGEST = 1800.0
# A mutant is worth the quickest tests that run it, as many as take so long [s].
_WORTH = 60.0
# One that waits for ever, at a pipe, uses no processor: by the clock a process may take so many
# times its time, since others work as well.
_BUSY = 8.0
# Some mutants fill the memory: so much is theirs [bytes].
_MEMORY = 12 * 2**30


class Test(NamedTuple):
    """A test by its name: how long it takes [s], and the lines it runs of each file of its room."""

    name: str
    seconds: float
    lines: Mapping[str, frozenset[int]]


def observed(root: Path, room: str) -> list[Test]:
    """The tests of a room, which must pass, the quickest first."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        paths = [f"tests/{room}", f"pikan/{room}"]
        code = _forked(lambda: _observe(root, paths, found), _LONGEST)
        if code != pytest.ExitCode.OK:
            raise SystemExit(f"the tests of {room} fail without any change")
        rows = json.loads(found.read_text())
    tests = [
        Test(name, seconds, {file: frozenset(some) for file, some in lines.items()})
        for name, seconds, lines in rows
    ]
    return sorted(tests, key=lambda test: test.seconds)


def noticed(root: Path, file: str, line: int, text: str, tests: Sequence[Test]) -> bool:
    """Whether tests fail with another text of a file, which differs in one line.

    Run are those that run the statement around the line, or all of them where the import does: the
    quickest, as many as a mutant is worth.
    """
    lines = statement((root / file).read_text(), line)
    running = [
        t for t in tests if not lines or not t.lines.get(file, frozenset()).isdisjoint(lines)
    ]
    ends = accumulate(test.seconds for test in running)
    wanted = [test for test, end in zip(running, ends, strict=True) if end <= _WORTH]
    wanted = wanted or running[:1]
    if not wanted:
        return False
    limit = _PATIENCE * sum(test.seconds for test in wanted) + _LEAST
    others = {test.name for test in tests} - {test.name for test in wanted}

    def run() -> int:
        _replace(root / file, text)
        return _tested(root, [test.name for test in wanted], _InOrder(wanted, others))

    return _forked(run, limit) not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


class _InOrder:
    """A plugin of pytest: some tests in order, and none of the others."""

    def __init__(self, wanted: Sequence[Test], others: Iterable[str]) -> None:
        self.places = {test.name: place for place, test in enumerate(wanted)}
        self.others = frozenset(others)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Tests that were not there before the change come last."""
        left = [item for item in items if item.nodeid not in self.others]
        items[:] = sorted(left, key=lambda item: self.places.get(item.nodeid, len(self.places)))


class _Observer:
    """A plugin of pytest: notes the lines that each test runs, and its processor time."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Around each test with its fixtures."""
        self.measured.switch_context(item.nodeid)
        began = time.process_time()
        done = yield
        self.seconds[item.nodeid] = time.process_time() - began
        self.measured.switch_context("")
        return done


class _Repeatable:
    """A plugin of pytest: Hypothesis tries the same examples each time, and shrinks none."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """After the settings of the project, before the tests are read."""
        phases = [Phase.explicit, Phase.generate]
        settings.register_profile("mutants", derandomize=True, database=None, phases=phases)
        settings.load_profile("mutants")


def _observe(root: Path, paths: Sequence[str], into: Path) -> int:
    files = [str(file) for path in paths for file in sorted((root / path).rglob("*.py"))]
    measured = coverage.Coverage(data_file=None, config_file=False, include=files)
    observer = _Observer(measured)
    with measured.collect():
        code = _tested(root, paths, observer)
    data = measured.get_data()
    lines: dict[str, dict[str, list[int]]] = {name: {} for name in observer.seconds}
    for file in data.measured_files():
        for line, tests in data.contexts_by_lineno(file).items():
            for name in filter(None, tests):
                own = lines[name].setdefault(str(Path(file).relative_to(root)), [])
                own.append(line)
    rows = [(name, seconds, lines[name]) for name, seconds in observer.seconds.items()]
    into.write_text(json.dumps(rows))
    return code


def _tested(root: Path, names: Iterable[str], plugin: object) -> int:
    """The exit code of pytest for some tests or folders of tests, up to the first that fails."""
    paths = dict.fromkeys(str(root / name.partition("::")[0]) for name in names)
    options = ["-x", "-q", "--tb=no", "--assert=plain", "-p", "no:cacheprovider"]
    options += [f"--rootdir={root}"]
    # What measures time would notice other work on the machine.
    options += ["-m", "not slow and not long", "-k", "not quick"]
    options += ["-o", "addopts=--import-mode=importlib --doctest-modules"]
    return int(pytest.main([*options, *paths], plugins=[_Repeatable(), plugin]))


def _replace(file: Path, text: str) -> None:
    """Import another text wherever this file is imported."""
    own = SourceFileLoader.get_code

    def code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        return compiled(text, self.path) if Path(self.path) == file else own(self, fullname)

    SourceFileLoader.get_code = code


def _forked(work: Callable[[], int], limit: float) -> int | None:
    """What a fork returns, in a folder of its own; None where it does not end.

    It is killed after so many seconds of the processor.
    """
    with tempfile.TemporaryDirectory() as folder:
        process = multiprocessing.get_context("fork").Process(
            target=_child, args=(work, limit, folder)
        )
        process.start()
        process.join(_BUSY * limit)
        if process.is_alive():
            assert process.pid is not None
            os.killpg(process.pid, signal.SIGKILL)
            process.join()
            return None
    return process.exitcode


def _child(work: Callable[[], int], limit: float, folder: str) -> None:
    os.setpgrp()
    os.chdir(folder)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(limit), math.ceil(limit)))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    # The plugins that happen to be installed only take time.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    os._exit(work())
