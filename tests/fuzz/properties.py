"""What holds for whatever is handed in: it is read or refused in sentences, and nothing runs."""

import sys
from hashlib import sha256
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from time import process_time

import h5py
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from pikan.expression.differentiate import differentiate
from pikan.expression.parse import parse, read_equation, read_formula
from pikan.expression.tree import names, text
from pikan.files.arrays import DataError, read_arrays
from pikan.planning.planner import complete
from pikan.problem.wellposed.notes import notes
from pikan.spec import reader
from pikan.spec.faults import SpecError
from pikan.spec.formulas import problem
from pikan.spec.solutions import check_exact
from pikan.storage.file import ArchiveError
from pikan.storage.run_archive import network, write_run
from pikan.storage.run_archive import read_run as archived
from pikan.sweeps import plan
from small_run import small_run
from tests.fuzz import inputs

# The longest that one input may take, where types are checked at every call too [s].
TOO_LONG = 30.0
# How long the digest at the end of an archive is [bytes].
SEAL = 32
# What nobody does who only reads.
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen", "socket.")
RAN: list[str] = []


def watch(event, arguments):
    # Data files are read by a process of their own.
    reader = event == "subprocess.Popen" and "pikan.files.sandboxed" in arguments[1]
    if (event.startswith(FORBIDDEN) and not reader) or (
        event == "open" and str(arguments[0]).startswith("/etc/")
    ):
        RAN.append(f"{event} {arguments}")


def check_formula(content):
    for reading in (read_formula(content), read_equation(content)):
        assert all(one.isprintable() and len(one) < 400 for one in reading.messages)
        for side in () if reading.faults else reading.sides:
            assert parse(text(side)) == side
            # A Laplacian is written out before anything is done with it.
            for name in names(side) if "laplacian" not in text(side) else ():
                differentiate(side, name)


def check_file(content):
    try:
        spec = reader.parse_spec(content, "case.yaml", inputs.PROBLEMS)
        stated = problem(spec)
        complete(spec, stated)
        assert all(note.isprintable() and len(note) < 2000 for note in notes(stated))
        check_exact(stated, spec.origin)
    except SpecError as error:
        check_sentences(error)


def check_sweep(content):
    with TemporaryDirectory() as folder:
        for problem_file in inputs.PROBLEMS.glob("*.yaml"):
            copy(problem_file, folder)
        file = Path(folder, "sweeps", "fuzzed.yaml")
        file.parent.mkdir()
        file.write_bytes(content.encode("utf-8", "surrogatepass"))
        try:
            plan.read_plan(file)
        except SpecError as error:
            check_sentences(error)


def check_archive(content):
    with TemporaryDirectory() as folder:
        file = Path(folder, "run.h5")
        file.write_bytes(content)
        refused = ""
        try:
            network(archived(file))
        except ArchiveError as error:
            refused = str(error)
        assert refused.isprintable()


def check_data(given):
    suffix, content = given
    with TemporaryDirectory() as folder:
        file = Path(folder, f"some{suffix}")
        file.write_bytes(content)
        refused = ""
        try:
            read_arrays(file, ["u", "x"])
        except DataError as error:
            refused = str(error)
        assert refused.isprintable()
        assert len(refused) < 400


def data():
    """Data files of every format, with damage."""
    arrays = {"u": np.arange(6.0).reshape(2, 3), "x": np.linspace(0.0, 1.0, 3)}
    made = []
    with TemporaryDirectory() as folder:
        np.savez(Path(folder, "a.npz"), **arrays)
        np.savez_compressed(Path(folder, "b.npz"), **arrays)
        savemat(Path(folder, "a.mat"), arrays)
        savemat(Path(folder, "b.mat"), arrays, do_compression=True)
        for name, how in (("a.h5", {}), ("b.mat", {"compression": "gzip"})):
            with h5py.File(Path(folder, f"7.3{name}"), "w") as file:
                for key, array in arrays.items():
                    file.create_dataset(key, data=array, **how)
        Path(folder, "a.csv").write_text("x,u\n0,1\n0.5,2\n")
        made = [(file.suffix, file.read_bytes()) for file in sorted(Path(folder).iterdir())]
    return st.sampled_from(made).flatmap(
        lambda one: st.tuples(st.just(one[0]), inputs.flipped(one[1]))
    )


def archives():
    """Runs with damage, of which a part is none, and a part was meant."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "run.h5")
        write_run(file, small_run())
        content = file.read_bytes()
    index = content.rindex(b'{"schema"')
    damaged = inputs.flipped(content[:-SEAL])
    listed = inputs.flipped(content[index:-SEAL]).map(lambda end: content[:index] + end)
    return (damaged | listed).map(with_digest) | inputs.flipped(content) | st.just(content)


def with_digest(content):
    """What a stranger can make on purpose: whatever it is, its digest is right."""
    return content + sha256(content).digest()


def check_sentences(error):
    assert error.faults
    for fault in error.faults:
        assert str(fault).isprintable(), repr(str(fault))
        assert len(str(fault)) < 2000


KINDS = {
    "formulas": (check_formula, inputs.equations),
    "files": (check_file, inputs.files),
    "sweeps": (check_sweep, inputs.sweep_files),
    "archives": (check_archive, archives()),
    "data": (check_data, data()),
}


def fuzz(kind: str, count: int) -> None:
    """Hand in so many inputs of a kind, drawn by Hypothesis."""
    check, strategy = KINDS[kind]

    # Smaller inputs take longer to find than the fault in the first one.
    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def holds(content):
        started = process_time()
        check(content)
        assert process_time() - started < TOO_LONG
        assert not RAN, RAN

    holds()


if __name__ == "__main__":
    # What libraries do once, when they are first used, is no matter of the input.
    for content in inputs.SHIPPED:
        check_file(content)
    sys.addaudithook(watch)
    fuzz(sys.argv[1], int(sys.argv[2]))
