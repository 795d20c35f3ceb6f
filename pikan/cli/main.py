"""The commands of `pikan`; each imports what it needs when it runs, so that help is quick."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from pikan import __version__
from pikan.cli.errors import input_errors, refuse
from pikan.cli.output import output
from pikan.cli.pipe import tolerate_broken_pipe
from pikan.cli.startup import without_garbage_collection

app = typer.Typer(
    name="pikan",
    help="Solves differential equations written down in a YAML file.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 solved, 1 pikan failed, 2 faulty input, 3 stalled, diverged or missed "
    "its accuracy, 4 files cannot be written, 130 interrupted.",
)

_SOLVED = (
    "Exit codes: 0 solved, 2 faulty input, 3 stalled, diverged or missed its accuracy (the files "
    "are written all the same), 4 files cannot be written, 130 interrupted."
)
_READ = "Exit codes: 0 done, 2 faulty input, 4 files cannot be written."

File = Annotated[Path, typer.Argument(metavar="FILE", help="A problem file.", show_default=False)]
Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help="What a run has left.", show_default=False)
]


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.callback(invoke_without_command=True)
def start(
    # Read by `main`, where a failure arrives.
    debug: Annotated[bool, typer.Option("--debug", help="Show where pikan failed.")] = False,  # noqa: ARG001
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Solves differential equations written down in a YAML file."""
    if version:
        typer.echo(f"pikan {__version__}")
        raise typer.Exit


@app.command(
    epilog="Example: pikan solve problems/heat.yaml --accuracy 1e-8 --set constants.alpha=0.2. "
    + _SOLVED
)
def solve(
    file: File,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the results go; else results/<name>."),
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="What chance starts from.")] = None,
    accuracy: Annotated[
        float | None,
        typer.Option(metavar="ERROR", help="The relative error to reach, such as 1e-8."),
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="Where to compute: cpu, cuda.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A.B=C", help="Change a value of the file; repeatable."),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            "--at",
            metavar="NAME=VALUE",
            help="A parameter's value, whose solution goes into a folder of its own; repeatable.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an earlier result instead of setting it aside.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the last line only.")] = False,
    as_json: AsJson = False,
) -> None:
    """Solve the problem in FILE; leave a report, figures and an archive."""
    flags = {"seed": seed, "accuracy": accuracy, "device": device}
    given = {key: str(value) for key, value in flags.items() if value is not None}
    with input_errors(), tolerate_broken_pipe():
        with without_garbage_collection():
            from pikan.cli.solve import solve_file
            from pikan.cli.torchrun import one_output_folder

        with one_output_folder(out) as folder:
            changes = {**pairs(settings or []), **given}
            values = pairs(at or [], "--at nu=0.02")
            code = solve_file(file, changes, folder, force, output(quiet, as_json), values)
    raise typer.Exit(code)


@app.command(epilog="Example: pikan resume results/burgers. " + _SOLVED)
def resume(
    folder: Folder,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0.0,
            help="How long the run may take in all [s]; else as its file says.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the last line only.")] = False,
) -> None:
    """Go on with the interrupted run in DIR, to the same bits as if nothing had happened."""
    with input_errors(), tolerate_broken_pipe():
        with without_garbage_collection():
            from pikan.cli.resume import resume_folder

        code = resume_folder(folder, time_limit, quiet)
    raise typer.Exit(code)


@app.command(
    epilog="Example: pikan sweep problems/sweeps/poisson_degree.yaml --workers 2. Exit codes: 0 "
    "all runs were made, 2 faulty input, 3 some failed, 4 files cannot be written, 130 interrupted."
)
def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A sweep file.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the results go; else results/<name>."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="How many runs side by side; else one per core."),
    ] = None,
    threads: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many threads each run has.")
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A Dask scheduler whose workers make the runs."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Make runs that have failed once more.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the last lines only.")] = False,
) -> None:
    """Make all runs of FILE that are missing; leave a table, laws and a folder for each run."""
    with input_errors():
        with without_garbage_collection():
            from pikan.cli.sweep import sweep_file

        code = sweep_file(file, out, workers, threads, scheduler, again, quiet)
    raise typer.Exit(code)


@app.command(epilog="Example: pikan check rod.yaml. Exit codes: 0 no faults, 2 faults.")
def check(file: File, as_json: AsJson = False) -> None:
    """Say everything that is wrong with FILE, and what pikan would choose."""
    with input_errors():
        with without_garbage_collection():
            from pikan.cli.check import check_as_json, check_file
            from pikan.cli.operator import check_operator_file
            from pikan.spec.operators import is_operator_file

        if is_operator_file(file):
            raise typer.Exit(check_operator_file(file, as_json))
        if as_json:
            raise typer.Exit(check_as_json(file))
        check_file(file)


@app.command(epilog="Example: pikan report results/heat. " + _READ)
def report(folder: Folder, as_json: AsJson = False) -> None:
    """Print the table of a finished run; draw its figures and its page, again."""
    with input_errors():
        with without_garbage_collection():
            from pikan.cli.report import report_folder

        report_folder(folder, as_json)


@app.command(name="list", epilog="Example: pikan list results. " + _READ)
def list_runs(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder with results of runs.")
    ] = Path("results"),
    as_json: AsJson = False,
    as_page: Annotated[
        bool, typer.Option("--html", help="Write DIR/index.html, with pictures and links.")
    ] = False,
) -> None:
    """List the runs in DIR: how they ended, their errors, when; the last one first."""
    with input_errors():
        from pikan.cli.list import list_folder

        list_folder(folder, as_json, as_page)


@app.command(epilog="Example: pikan examples. Exit code: 0.")
def examples() -> None:
    """List the problem files that come with pikan."""
    with input_errors():
        from pikan.cli.examples import list_examples

        list_examples()


@app.command(
    epilog="Example: pikan export results/heat --to vtk --grid 101 --times 0,0.5,1. " + _READ
)
def export(
    folder: Folder,
    to: Annotated[
        str, typer.Option(metavar="FORMAT", help="netcdf, vtk (ParaView), csv, npz or onnx.")
    ],
    grid: Annotated[
        int | None, typer.Option(metavar="N", help="Points along each coordinate.", min=2)
    ] = None,
    times: Annotated[
        str | None, typer.Option(metavar="T,T,...", help="The values of t, such as 0,0.5,1.")
    ] = None,
    derivatives: Annotated[
        str | None,
        typer.Option(metavar="U_X,...", help="Derivatives to write too; vtk has the first ones."),
    ] = None,
) -> None:
    """Write a finished run in the format of another program, into its folder."""
    with input_errors():
        with without_garbage_collection():
            from pikan.cli.export import export_folder

        export_folder(folder, to, grid, times, derivatives)


@app.command(
    epilog="Example: pikan formula results/poisson. Exit codes: 0 found, 2 faulty input, 3 no "
    "short formula comes near."
)
def formula(
    folder: Folder,
    tolerance: Annotated[
        float,
        typer.Option(
            metavar="ERROR", help="How near it has to come to the solution, relative to that."
        ),
    ] = 1e-4,
) -> None:
    """Print the solution of a finished run as a formula, if a short one comes near it."""
    with input_errors():
        with without_garbage_collection():
            from pikan.cli.formula import formula_folder

        code = formula_folder(folder, tolerance)
    raise typer.Exit(code)


@app.command(epilog="Example: pikan new shock --from burgers. " + _READ)
def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The problem's name.", show_default=False)
    ],
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="EXAMPLE", help="Start from an example; see pikan examples."
        ),
    ] = None,
) -> None:
    """Write NAME.yaml, a commented problem file to start from."""
    from pikan.cli.examples import example
    from pikan.cli.template import template

    file = Path(f"{name}.yaml")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", name):
        refuse(f"got the name '{name}', needs a letter, then up to 63 letters, digits, - and _")
    with input_errors():
        text, data = (template(name), {}) if start is None else example(name, start)
        try:
            with file.open("x", encoding="utf-8") as draft:
                draft.write(text)
            for place, content in data.items():
                Path(place).parent.mkdir(exist_ok=True)
                if not Path(place).exists():
                    Path(place).write_bytes(content)
        except FileExistsError:
            refuse(f"{file} is there already; take another name or remove it")
        except OSError:
            # On a full disk a part of it is there.
            file.unlink(missing_ok=True)
            raise
        typer.echo(f"{file} is written; next: pikan solve {file}")


@app.command(epilog="Example: pikan schema > problem.schema.json. Exit code: 0.")
def schema() -> None:
    """Print the JSON Schema of a problem file, for editors."""
    from pikan.spec.schema import Spec

    with input_errors():
        typer.echo(json.dumps(Spec.model_json_schema(), indent=2))


def pairs(settings: list[str], example: str = "--set network.degree=24") -> dict[str, str]:
    """What `--set` and `--at` were given, by key.

    >>> pairs(["network.degree=24", "domain={x: [0, 1]}"])
    {'network.degree': '24', 'domain': '{x: [0, 1]}'}
    """
    for setting in settings:
        if not setting.partition("=")[0].strip() or "=" not in setting:
            flag = example.partition(" ")[0]
            refuse(f"{flag} {setting}: write it as key=value, such as {example}")
    halves = [setting.partition("=") for setting in settings]
    return {key.strip(): value.strip() for key, _, value in halves}


def main() -> None:
    """Run the command line; a failure of pikan itself becomes a sentence, not a traceback."""
    try:
        app()
    except Exception as failure:
        if "--debug" in sys.argv:
            raise
        typer.echo(
            f"pikan itself failed: {type(failure).__name__}: {failure}\n"
            "This is no fault of yours. Please report it with the problem file, and with what "
            "`pikan --debug ...` shows.",
            err=True,
        )
        sys.exit(1)
