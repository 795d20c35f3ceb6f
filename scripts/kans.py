"""Deep KANs on equations, beside a tanh MLP under the same conditions, points and steps.

    python scripts/kans.py                          # all files in problems/kan, seeds 0, 1, 2
    python scripts/kans.py poisson_ heat_ --seeds 0  # files whose names begin so, one seed

Each run is one row of `results/kans.json`, which keeps the rows of other runs; `results/kans.md`
and the table in docs/deep_kans.md are made of all rows. Time is that of the processor for the
whole run, in seconds and as a multiple of one QR factorization of a random 4000 x 1000 matrix. A
seed that misses its target counts as a failure, and one that takes more QRs than are allowed as
late.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import NamedTuple, TypedDict

import torch

import pikan
from benchmarks.timing import timed

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "results", ROOT / "docs" / "deep_kans.md"
BEGINS, ENDS = "<!-- kans begins -->", "<!-- kans ends -->"


class Target(NamedTuple):
    """What every seed is to reach, and the best KAN that was published."""

    error: float
    qrs: float
    published: str


TARGETS = {
    "poisson": Target(1e-6, 60, "MSE 1.7e-4 (arXiv 2404.19756)"),
    "heat": Target(1e-6, 60, "-"),
    "diffusion": Target(1e-6, 60, "2.1e-4 (arXiv 2407.17611)"),
    "helmholtz": Target(1e-5, 60, "1.0e-3 (arXiv 2407.17611)"),
    "burgers": Target(1e-4, 300, "1.1e-4 (arXiv 2407.17611)"),
}
# B-splines and Legendre polynomials on Burgers' equation are asked for less.
OTHER_BURGERS = 5e-4


class Row(TypedDict):
    """One run."""

    name: str
    seed: int
    parameters: int
    error: float
    seconds: float
    qr: float
    outcome: str


def target(name: str) -> Target:
    """The target of a file by its name, such as `burgers_legendre`."""
    problem, _, basis = name.rpartition("_")
    found = TARGETS[problem]
    other = problem == "burgers" and basis in ("bspline", "legendre")
    return found._replace(error=OTHER_BURGERS) if other else found


def qr() -> float:
    """The processor's seconds of one QR factorization, the least of three."""
    matrix = torch.randn(4000, 1000, generator=torch.Generator().manual_seed(0)).double()
    return min(timed(lambda: torch.linalg.qr(matrix), process_time)[0] for _ in range(3))


def run(file: Path, seed: int) -> Row:
    """Solve one file from one seed."""
    began = process_time()
    solution = pikan.solve(file, seed=seed)
    return Row(
        name=file.stem,
        seed=seed,
        parameters=solution.report.network.parameters,
        error=max(one.relative_l2 for one in solution.errors.values()),
        seconds=process_time() - began,
        qr=qr(),
        outcome=solution.outcome.kind,
    )


def table(rows: Sequence[Row]) -> str:
    """All rows as a table, one line for each file."""
    columns = "file, parameters, error of each seed, target, missed, CPU s, QRs, late, published"
    heads = columns.split(", ")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name in sorted({row["name"] for row in rows}):
        own = sorted((row for row in rows if row["name"] == name), key=lambda row: row["seed"])
        asked = target(name)
        missed = sum(row["error"] > asked.error for row in own)
        errors = ", ".join(f"{row['error']:.1e}" for row in own)
        worst = max(row["seconds"] for row in own)
        qrs = [row["seconds"] / row["qr"] for row in own]
        late = sum(each > asked.qrs for each in qrs)
        aims = (
            f"{asked.error:.0e} in {asked.qrs:g} QRs",
            f"{missed} of {len(own)}",
            f"{late} of {len(own)}",
            asked.published,
        )
        aim, failures, slow, published = ("",) * 4 if name.endswith("_mlp") else aims
        lines.append(
            f"| {name} | {own[0]['parameters']} | {errors} | {aim} | {failures} | {worst:.0f} "
            f"| {max(qrs):.0f} | {slow} | {published} |"
        )
    return "\n".join(lines)


def leave_tables(rows: Sequence[Row]) -> None:
    """The table of all rows in results and in the docs."""
    made = table(rows)
    (RESULTS / "kans.md").write_text(f"# Deep KANs on equations\n\n{made}\n")
    text = PAGE.read_text()
    before, after = text.partition(BEGINS)[0], text.partition(ENDS)[2]
    PAGE.write_text(f"{before}{BEGINS}\n{made}\n{ENDS}{after}")


def main() -> None:
    """Run what is asked for and write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help="beginnings of the names of files")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    asked = parser.parse_args()
    torch.set_num_threads(1)
    kept = RESULTS / "kans.json"
    rows: list[Row] = json.loads(kept.read_text()) if kept.exists() else []
    names = tuple(asked.names) or ("",)
    files = sorted(f for f in (ROOT / "problems/kan").glob("*.yaml") if f.stem.startswith(names))
    for seed in asked.seeds:
        for file in files:
            row = run(file, seed)
            print(f"{row['name']} {seed}: {row['error']:.1e}, {row['seconds']:.0f} s", flush=True)
            rows = [one for one in rows if (one["name"], one["seed"]) != (file.stem, seed)]
            rows = sorted([*rows, row], key=lambda one: (one["name"], one["seed"]))
            kept.write_text(json.dumps(rows, indent=1) + "\n")
            leave_tables(rows)


if __name__ == "__main__":
    main()
