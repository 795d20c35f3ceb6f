"""Samples as files of other programs: .npz, .csv, NetCDF, VTK."""

from collections.abc import Callable, Mapping
from io import BytesIO, StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import quoteattr

import numpy as np
from jaxtyping import Float, Int

from pikan.export.samples import Samples
from pikan.export.tables import dataset
from pikan.files.atomic import write_bytes

Writer = Callable[[Samples, Path], tuple[Path, ...]]

# The corners of a cell in VTK's order, by the number of coordinates in space.
_CELLS = {1: "line", 2: "quad", 3: "hexahedron"}
_CORNERS = {
    1: ((0,), (1,)),
    2: ((0, 0), (1, 0), (1, 1), (0, 1)),
    3: tuple((*corner, up) for up in (0, 1) for corner in ((0, 0), (1, 0), (1, 1), (0, 1))),
}


def write_npz(samples: Samples, path: Path) -> tuple[Path, ...]:
    """An array for each coordinate and value, as a `reference` of a problem file takes them."""
    content = BytesIO()
    np.savez_compressed(content, allow_pickle=False, **samples.grids, **samples.values)
    write_bytes(path, content.getvalue())
    return (path,)


def write_csv(samples: Samples, path: Path) -> tuple[Path, ...]:
    """A line for each point with all digits, under a line of names."""
    every = np.meshgrid(*samples.grids.values(), indexing="ij")
    columns = np.stack([part.ravel() for part in (*every, *samples.values.values())], axis=1)
    content = StringIO()
    header = ",".join((*samples.coordinates, *samples.values))
    np.savetxt(content, columns, fmt="%.17g", delimiter=",", header=header, comments="")
    write_bytes(path, content.getvalue().encode())
    return (path,)


def write_netcdf(samples: Samples, path: Path) -> tuple[Path, ...]:
    """NetCDF-3 with 64-bit offsets, which every reader of NetCDF takes."""
    content = BytesIO()
    dataset(samples).to_netcdf(content, format="NETCDF3_64BIT", engine="scipy")
    write_bytes(path, content.getvalue())
    return (path,)


def write_vtk(samples: Samples, path: Path) -> tuple[Path, ...]:
    """A .vtu for ParaView; where there is t one for each of its values, and a .pvd that names them.

    ValueError for more than three coordinates in space.
    """
    space = [name for name in samples.coordinates if name != "t"]
    if not 1 <= len(space) <= 3:
        raise ValueError(
            f"vtk: got {len(space)} coordinates in space ({', '.join(space)}), needs 1 to 3; "
            "take netcdf or npz"
        )
    if "t" not in samples.grids:
        return _write_vtu(samples.grids, samples.values, path)
    axis = samples.coordinates.index("t")
    grids = {name: samples.grids[name] for name in space}
    written = list[Path]()
    for i in range(len(samples.grids["t"])):
        now = {name: part.take(i, axis=axis) for name, part in samples.values.items()}
        written += _write_vtu(grids, now, path.with_name(f"{path.stem}_{i:04d}.vtu"))
    collection = path.with_suffix(".pvd")
    write_bytes(collection, _pvd(written, samples.grids["t"]).encode())
    return (collection, *written)


def _pvd(files: list[Path], times: Float[np.ndarray, " _"]) -> str:
    entries = "".join(
        f'    <DataSet timestep="{time!r}" file={quoteattr(file.name)}/>\n'
        for file, time in zip(files, times.tolist(), strict=True)
    )
    return (
        '<?xml version="1.0"?>\n<VTKFile type="Collection" version="0.1">\n  <Collection>\n'
        f"{entries}  </Collection>\n</VTKFile>\n"
    )


def _write_vtu(
    grids: Mapping[str, Float[np.ndarray, " _"]],
    values: Mapping[str, Float[np.ndarray, "*_"]],
    path: Path,
) -> tuple[Path, ...]:
    import meshio

    every = np.meshgrid(*grids.values(), indexing="ij")
    points = np.zeros((every[0].size, 3))
    points[:, : len(every)] = np.stack([part.ravel() for part in every], axis=1)
    kind, cells = _CELLS[len(every)], _cells(every[0].shape)
    mesh = meshio.Mesh(points, {kind: cells}, {name: part.ravel() for name, part in values.items()})
    with TemporaryDirectory() as room:
        made = Path(room) / "mesh.vtu"
        mesh.write(made)
        write_bytes(path, made.read_bytes())
    return (path,)


def _cells(shape: tuple[int, ...]) -> Int[np.ndarray, "n _"]:
    """The corners of each cell by their places among the points."""
    places = np.arange(np.prod(shape)).reshape(shape)
    sides = [
        places[
            tuple(slice(side, size - 1 + side) for side, size in zip(corner, shape, strict=True))
        ]
        for corner in _CORNERS[len(shape)]
    ]
    return np.stack([side.ravel() for side in sides], axis=1)


WRITERS: Mapping[str, tuple[str, Writer]] = {
    "netcdf": (".nc", write_netcdf),
    "vtk": (".vtu", write_vtk),
    "csv": (".csv", write_csv),
    "npz": (".npz", write_npz),
}
