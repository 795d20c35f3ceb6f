"""Solutions as files of VTK, for ParaView."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import quoteattr

import numpy as np
from jaxtyping import Float

from pikan.export.mesh import Mesh, domain_mesh
from pikan.export.samples import Grid, check_derivatives, grids_of
from pikan.files.atomic import write_bytes
from pikan.problem.statement import Problem

Column = Float[np.ndarray, " n"]
Partial = Callable[[str, Float[np.ndarray, "n d"]], Column]
"""(the name of an unknown or a derivative, points) -> its values there."""


def write_vtk(
    problem: Problem, grid: Grid | None, names: Sequence[str], partial: Partial, path: Path
) -> tuple[Path, ...]:
    """A .vtu of unknowns and derivatives; where there is t one for each time, and a .pvd of all.

    ValueError for more than three coordinates in space, and for names and grids that the problem
    does not have.
    """
    grids = grids_of(problem, grid)
    check_derivatives(problem, names)
    space = {name: values for name, values in grids.items() if name != "t"}
    if not 1 <= len(space) <= 3:
        raise ValueError(
            f"vtk: got {len(space)} coordinates in space ({', '.join(space)}), needs 1 to 3; "
            "take netcdf or npz"
        )
    mesh = domain_mesh(problem.domain, space)
    rows = np.empty((len(mesh.points), problem.box.dimension))
    rows[:, [problem.box.axis(name) for name in space]] = mesh.points
    if "t" not in grids:
        return (_write_vtu(mesh, {name: partial(name, rows) for name in names}, path),)
    written = list[Path]()
    for i, time in enumerate(grids["t"].tolist()):
        rows[:, problem.box.axis("t")] = time
        now = {name: partial(name, rows) for name in names}
        written.append(_write_vtu(mesh, now, path.with_name(f"{path.stem}_{i:04d}.vtu")))
    collection = path.with_suffix(".pvd")
    write_bytes(collection, _pvd(written, grids["t"]).encode())
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


def _write_vtu(mesh: Mesh, values: Mapping[str, Column], path: Path) -> Path:
    import meshio

    points = np.zeros((len(mesh.points), 3))
    points[:, : mesh.points.shape[1]] = mesh.points
    with TemporaryDirectory() as room:
        made = Path(room) / "mesh.vtu"
        meshio.Mesh(points, {mesh.kind: mesh.cells}, dict(values)).write(made)
        write_bytes(path, made.read_bytes())
    return path
