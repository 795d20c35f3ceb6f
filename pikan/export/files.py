"""Samples on a grid as files of other programs: .npz, .csv, NetCDF."""

from collections.abc import Callable, Mapping
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np

from pikan.export.samples import Samples
from pikan.export.tables import dataset
from pikan.files.atomic import write_bytes

Writer = Callable[[Samples, Path], tuple[Path, ...]]


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


WRITERS: Mapping[str, tuple[str, Writer]] = {
    "netcdf": (".nc", write_netcdf),
    "csv": (".csv", write_csv),
    "npz": (".npz", write_npz),
}
