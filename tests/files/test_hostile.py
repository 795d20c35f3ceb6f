"""Data files from a stranger: each is refused in few calls, in 250 MB, in a sentence."""

import os
import struct
import zipfile
import zlib

import h5py
import numpy as np
import pytest

from tests.bounded import costs

ZEROS = np.zeros(60_000_000, dtype=np.uint8)


def h5(path, shape=(10,), dtype="f8", **settings):
    with h5py.File(path, "w") as file:
        file.create_dataset("u", shape, dtype, **settings)


def bomb(path):
    """A part of 80 bytes that unpacks to half a gigabyte."""
    h5(path, (10,), chunks=(10,), compression="gzip")
    packer = zlib.compressobj(9)
    packed = b"".join([*(packer.compress(bytes(10**7)) for _ in range(50)), packer.flush()])
    with h5py.File(path, "r+") as file:
        file["u"].id.write_direct_chunk((0,), packed)


def crowd(path):
    with h5py.File(path, "w", libver="latest") as file:
        file["u"] = np.ones(3)
        for number in range(10_001):
            file[f"n{number}"] = h5py.SoftLink("/u")


def links(path):
    with h5py.File(path, "w") as file:
        file["u"] = h5py.ExternalLink("/etc/passwd", "u")


def raw(path):
    h5(path, (5,), external=[("/etc/passwd", 0, 40)])


def virtual(path):
    with h5py.File(path, "w") as file:
        layout = h5py.VirtualLayout(shape=(10**6,), dtype="f8")
        layout[:] = h5py.VirtualSource("/tmp/other.h5", "u", shape=(10**6,))
        file.create_virtual_dataset("u", layout)


def circle(path):
    with h5py.File(path, "w") as file:
        file["u"] = file["/"]


def npy(shape, dtype="<f8", content=b"", header=None):
    """The bytes of an .npy file that claims a shape."""
    text = header or f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + content


def zipped(content, method=zipfile.ZIP_DEFLATED, name="u.npy"):
    def write(path):
        with zipfile.ZipFile(path, "w", method) as file:
            file.writestr(name, content)

    return write


def many(path):
    with zipfile.ZipFile(path, "w") as file:
        for number in range(20_000):
            file.writestr(f"a_rather_long_name_{number}.npy", b"")


def lying(path):
    """The list of the file says that its member unpacks to 4 GB."""
    zipped(npy("(3,)", content=bytes(24)))(path)
    content = path.read_bytes()
    place = content.rindex(b"PK\x01\x02") + 24
    path.write_bytes(content[:place] + struct.pack("<I", 2**32 - 2) + content[place + 4 :])


def element(kind, content):
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def mat(*elements):
    return lambda path: path.write_bytes(b" " * 124 + b"\x00\x01IM" + b"".join(elements))


def matrix(shape, numbers, name=b"u"):
    flags = element(6, struct.pack("<II", 6, 0))
    dimensions = element(5, struct.pack(f"<{len(shape)}I", *shape))
    return element(14, flags + dimensions + element(1, name) + element(9, numbers))


def squeezed(content, size):
    """A compressed element, with zeros behind its content."""
    packer = zlib.compressobj(9)
    packed = packer.compress(content) + b"".join(packer.compress(bytes(10**6)) for _ in range(size))
    return element(15, packed + packer.flush())


def text(content):
    return lambda path: path.write_text(content)


CASES = {
    "shape.h5": lambda path: h5(path, (10**12,), chunks=(1000,), compression="gzip"),
    "plain_shape.h5": lambda path: h5(path, (10**15,)),
    "part.h5": lambda path: h5(path, (10,), chunks=(10**8,), maxshape=(None,), compression="gzip"),
    "parts.h5": lambda path: h5(path, (10**7,), chunks=(1,)),
    "zeros.h5": lambda path: h5(path, (4 * 10**7,), chunks=(10**6,)),
    "zeros.mat": lambda path: h5(path, (4 * 10**7,), chunks=(10**6,)),
    "bomb.h5": bomb,
    "packed.h5": lambda path: h5(path, (10**7,), chunks=(10**5,), compression="lzf"),
    "words.h5": lambda path: h5(path, (10**7,), h5py.string_dtype(), chunks=(1000,)),
    "crowd.h5": crowd,
    "links.h5": links,
    "raw.h5": raw,
    "virtual.h5": virtual,
    "circle.h5": circle,
    "bomb.npz": lambda path: np.savez_compressed(path, u=ZEROS),
    "shape.npz": zipped(npy("(1000000000000,)", content=bytes(80))),
    "dimensions.npz": zipped(npy(f"({'1, ' * 3000})", content=bytes(8))),
    "negative.npz": zipped(npy("(-5,)", content=bytes(80))),
    "overflow.npz": zipped(npy("(9999999999999999, 9999999999999999)")),
    "code.npz": zipped(npy("", header="__import__('os').system('touch owned')")),
    "nested.npz": zipped(npy("", header="(" * 5000 + ")" * 5000)),
    "truncated.npz": zipped(npy("(40000000,)", content=bytes(80))),
    "many.npz": many,
    "lying.npz": lying,
    "raw.npz": zipped(b"no array at all", name="u"),
    "lzma.npz": zipped(npy("(3,)", content=bytes(24)), zipfile.ZIP_LZMA),
    "objects.npz": lambda path: np.savez(path, u=np.array([{}, []], dtype=object)),
    "shape.mat": mat(matrix((2**31, 2**31), bytes(80))),
    "dimensions.mat": mat(matrix((1,) * 100_000, bytes(8))),
    "short.mat": mat(matrix((40_000_000, 1), bytes(80))),
    "bomb.mat": mat(squeezed(matrix((10, 1), bytes(80)), 500)),
    "many.mat": mat(*[element(1, b"")] * 200_000),
    "named.mat": mat(matrix((1, 1), bytes(8), name=b"x" * 10**7)),
    "wide.csv": text("u," * 400_000 + "u\n" + "1," * 400_000 + "1\n"),
    "names.csv": text("v," * 400_000 + "w\n" + "1," * 400_000 + "1\n"),
    "line.csv": text("u\n" + "1" * 5_000_000),
    "quotes.csv": text('u\n"' + "1\n" * 3_000_000),
    "words.csv": text("u\n" + "one\n" * 1_000_000),
}

# What these claim is not so, and nothing depends on it.
HARMLESS = {"lying.npz", "wide.csv", "lzma.npz", "part.h5"}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    paths = []
    for name, write in CASES.items():
        write(folder / name)
        paths.append(str(folder / name))
    os.mkfifo(folder / "pipe.csv")
    (folder / "folder.h5").mkdir()
    imports = "from pathlib import Path\nfrom pikan.files.arrays import DataError, read_arrays"
    paths += [str(folder / "pipe.csv"), str(folder / "folder.h5")]
    return dict(
        zip(
            [*CASES, "pipe.csv", "folder.h5"],
            costs(imports, 'read_arrays(Path(given), ["u"])', "DataError", paths),
            strict=True,
        )
    )


@pytest.mark.parametrize("name", [*CASES, "pipe.csv", "folder.h5"])
def test_a_hostile_data_file_costs_little_and_is_refused_in_a_sentence(found, name):
    cost = found[name]
    assert bool(cost.said) == (name not in HARMLESS)
    assert name in cost.said or name in HARMLESS
    assert "\n" not in cost.said
    assert len(cost.said) < 300
    assert cost.calls < 1_000_000
    assert cost.peak < 250_000_000


def test_numbers_packed_tightly_but_honestly_are_read(tmp_path):
    from pikan.files.arrays import read_arrays

    numbers = np.random.default_rng(0).normal(size=200_000)
    for options in ({"shuffle": True}, {"fletcher32": True}, {}):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file.create_dataset("u", data=numbers, chunks=(50_000,), compression="gzip", **options)
        np.testing.assert_array_equal(read_arrays(tmp_path / "a.h5", ["u"])["u"], numbers)
