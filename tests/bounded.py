"""What a call costs: how many functions it calls, which is the same on every machine, and memory.

A loop within one function of C counts once; a hang in one ends at the limit of the process.
"""

import inspect
import json
import os
import subprocess
import sys
from typing import NamedTuple

# The memory of a process that runs wild [bytes]; half of it is the libraries' address space.
MOST = 4_000_000_000

# The longest that a process may take; only one that hangs takes as long [s].
HANGS = 600

# A process that a large one has started counts in `getrusage` as large as that from its first
# moment on [Linux getrusage(2)]; its own peak is among what /proc tells.
PEAK = """
import re
def peak():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s*(\\d+) kB", status.read())[1]) * 1024
"""
CODE = """
import json, resource, sys
{peak}
{calls}
resource.setrlimit(resource.RLIMIT_AS, ({most}, {most}))
def largest():
    return max(peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
{imports}
for given in json.load(sys.stdin):
    said, before = "", peak()
    with Calls() as calls:
        try:
            {call}
        except {errors} as error:
            said = str(error)
    print(json.dumps([said, calls.count, peak() - before, largest()]), flush=True)
"""


class Calls:
    """The number of calls of functions, of Python and of C, made while this is entered."""

    def __enter__(self):
        self.count = 0
        sys.setprofile(self.note)
        return self

    def note(self, frame, event, argument):
        self.count += event in ("call", "c_call")

    def __exit__(self, *raised):
        sys.setprofile(None)


class Cost(NamedTuple):
    """What a refusal said (nothing where nothing was refused), its calls, and memory [bytes]."""

    said: str
    calls: int
    grown: int
    peak: int


def costs(imports, call, errors, cases):
    """The costs of a call of each case, called `given`, one after the other in one process.

    It is a process of its own, where nothing is checked at run time.
    """
    # Measuring which lines are run would take longer than they do.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    calls = inspect.getsource(Calls)
    code = CODE.format(peak=PEAK, calls=calls, most=MOST, imports=imports, call=call, errors=errors)
    ran = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(list(cases)),
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
        env=plain,
    )
    found = [Cost(*json.loads(line)) for line in ran.stdout.splitlines()]
    assert len(found) == len(cases), f"case {len(found)} ended the process: {ran.stderr[-2000:]}"
    return found
