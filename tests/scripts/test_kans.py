"""The table of deep KANs counts what misses its target, and every file has one."""

from pathlib import Path

from kans import OTHER_BURGERS, TARGETS, Row, table, target

FOLDER = Path(__file__).resolve().parents[2] / "problems" / "kan"


def row(seed, error, qr=0.2):
    return Row(
        name="poisson_legendre",
        seed=seed,
        parameters=9,
        error=error,
        seconds=6.0,
        qr=qr,
        outcome="out of budget",
    )


def test_every_file_has_a_target():
    names = {file.stem for file in FOLDER.glob("*.yaml")}
    assert {name.rpartition("_")[0] for name in names} == set(TARGETS)
    assert target("burgers_legendre").error == OTHER_BURGERS
    assert target("burgers_chebyshev") == TARGETS["burgers"]


def test_seeds_that_miss_the_target_are_counted():
    line = table([row(1, 3e-6), row(0, 2e-7)]).splitlines()[-1]
    assert "| 2.0e-07, 3.0e-06 | 1e-06 in 60 QRs | 1 of 2 | 6 | 30 | 0 of 2 |" in line


def test_seeds_that_take_longer_than_allowed_are_counted():
    line = table([row(0, 2e-7), row(1, 2e-7, qr=0.05)]).splitlines()[-1]
    assert "| 0 of 2 | 6 | 120 | 1 of 2 |" in line
