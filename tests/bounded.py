"""What a call costs in a process of its own, where nothing is checked at run time."""

import json
import os
import subprocess
import sys
from typing import NamedTuple

# The memory of a process that runs wild [bytes]; half of it is the libraries' address space.
MOST = 4_000_000_000

# A process that a large one has started counts in `getrusage` as large as that from its first
# moment on [Linux getrusage(2)]; its own peak is among what /proc tells.
PEAK = """
import re
def peak():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s*(\\d+) kB", status.read())[1]) * 1024
"""
CODE = """
import json, resource, sys, time
{peak}
resource.setrlimit(resource.RLIMIT_AS, ({most}, {most}))
def seconds():
    waited = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + waited.ru_utime + waited.ru_stime
def largest():
    return max(peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
{imports}
for given in json.load(sys.stdin):
    start, before = seconds(), peak()
    try:
        {call}
        said = ""
    except {errors} as error:
        said = str(error)
    print(json.dumps([said, seconds() - start, peak() - before, largest()]), flush=True)
"""


class Cost(NamedTuple):
    """What a refusal said (nothing where nothing was refused), and what it took [s, bytes]."""

    said: str
    seconds: float
    grown: int
    peak: int


def costs(imports, call, errors, cases):
    """The costs of a call of each case, called `given`, one after the other in one process."""
    # Measuring which lines are run would take longer than they do.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    code = CODE.format(peak=PEAK, most=MOST, imports=imports, call=call, errors=errors)
    ran = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(list(cases)),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env=plain,
    )
    found = [Cost(*json.loads(line)) for line in ran.stdout.splitlines()]
    assert len(found) == len(cases), f"case {len(found)} ended the process: {ran.stderr[-2000:]}"
    return found
