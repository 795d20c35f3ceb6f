"""Look for input that the formula parser or the archive reader cannot bear, guided by coverage.

    pip install atheris
    python scripts/fuzz.py formula --minutes 10
    python scripts/fuzz.py archive --minutes 10

Each input either is read or is refused in a sentence: any other exception, a formula or a file that
takes a second of the processor, and a process that dies are findings. What libFuzzer has learned is
kept in `results/fuzz/<target>/`, from where the next run goes on. The input at work is always in
`results/fuzz/<target>-last`, also when it ends the process.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from time import process_time

import atheris  # pyright: ignore[reportMissingImports]  an extra: pip install atheris
import numpy as np

with atheris.instrument_imports(  # pyright: ignore[reportAttributeAccessIssue]  it has no stubs
    include=["pikan.expression", "pikan.storage", "pikan.report"]
):
    from pikan.expression.differentiate import differentiate
    from pikan.expression.evaluate import evaluate
    from pikan.expression.parse import parse, read_equation, read_formula
    from pikan.expression.tree import names, text
    from pikan.storage import run_archive as archive
    from pikan.storage.file import ArchiveError, Arrays, reading, seal
    from small_run import small_run

# Formulas are short, and so is the shortest run [bytes].
_LONGEST = {"formula": 2100, "archive": 60_000}
# How long one may take [s]: of the processor, and on a clock where others work beside.
_PATIENCE, _HANGS = 1.0, 60
# How the index of an archive begins.
_INDEX = b'{"schema"'
_FORMULAS = (
    "u_t + u*u_x = nu*u_xx",
    "laplacian(u) = -2*pi^2*sin(pi*x)*sin(pi*y)",
    "u = minimum(x, 1e-3) + bessel_j0(2.5*r)/(1 - x)**-2",
    "exp(-(x - 0.5)^2) + abs(step(t))",
)


def formula(file: Path) -> None:
    """Read a formula and an equation, and do with them all that is done with formulas."""
    given = file.read_bytes().decode("utf-8", "replace")
    for reading in (read_formula(given), read_equation(given)):
        for message in reading.messages:
            assert "\n" not in message, "a refusal is one line"
            assert len(message) < 400, "a refusal is one sentence"
        if reading.faults:
            continue
        for side in reading.sides:
            assert parse(text(side)) == side, "a formula is read as it was written"
            values = dict.fromkeys(names(side), 0.3)
            if "laplacian" not in text(side):
                evaluate(side, values, np)
                for name in sorted(names(side))[:2]:
                    evaluate(differentiate(side, name), values, np)


def written(file: Path) -> None:
    """Read an archive whose index and digest are found, whatever is in it; build its network."""
    content, refused = file.read_bytes(), ""
    listed = len(content) - max(0, content.rfind(_INDEX))
    content += listed.to_bytes(8, "little")
    whole = file.with_suffix(".h5")
    whole.write_bytes(content + sha256(content).digest())
    try:
        archive.network(archive.read_run(whole))
    except ArchiveError as refusal:
        refused = str(refusal)
    assert "\n" not in refused, "a refusal is one line"


TARGETS: Mapping[str, Callable[[Path], None]] = {"formula": formula, "archive": written}


def seeds(target: str, folder: Path) -> None:
    """Leave what the search starts from."""
    folder.mkdir(parents=True, exist_ok=True)
    if target == "archive":
        archive.write_run(folder / "run", small_run())
        with reading(folder / "run") as arrays:
            (folder / "run").write_bytes(bare(arrays))
        return
    for number, given in enumerate(_FORMULAS):
        (folder / f"formula{number}").write_text(given, encoding="utf-8")


def bare(arrays: Arrays) -> bytes:
    """Arrays and their index as an archive has them, without what only HDF5 reads."""
    content, index = b"", dict[str, object]()
    for name, array in arrays.items():
        index[name] = [array.dtype.str, array.shape, len(content)]
        content += array.tobytes()
    return seal(content, index)[: -sha256().digest_size - 8]


def main() -> None:
    """Search until the time is over, or until there is a finding."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--into", type=Path, default=Path("results/fuzz"))
    asked = parser.parse_args()
    corpus = asked.into / asked.target
    seeds(asked.target, corpus)
    words = [
        sys.argv[0],
        str(corpus),
        f"-max_total_time={round(60 * asked.minutes)}",
        f"-max_len={_LONGEST[asked.target]}",
        f"-timeout={_HANGS}",
        "-print_final_stats=1",
    ]
    last = asked.into / f"{asked.target}-last"

    def one(content: bytes) -> None:
        last.write_bytes(content)
        began = process_time()
        TARGETS[asked.target](last)
        assert process_time() - began < _PATIENCE, "an input takes too long"

    # What libraries do once, when they are first used, is no matter of an input.
    for known in corpus.iterdir():
        last.write_bytes(known.read_bytes())
        TARGETS[asked.target](last)
    atheris.Setup(words, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
